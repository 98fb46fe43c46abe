#!/usr/bin/env node
// This file is plain JavaScript: it must also run on a Node that is too old for the rest, to report that.
const major = Number(process.versions.node.split('.')[0])
if (major < 26) {
  process.stderr.write(
    `Chatelaine runs on Node 26, which "npm ci" brings along; this is Node ${process.versions.node}. Use "npm start" or "npx chatelaine".\n`,
  )
  process.exit(1)
}
const { main } = await import('./cli/main.ts')
// The reader of the output may stop early: `chatelaine --help | head`.
process.stdout.on('error', (error) => process.exit(error.code === 'EPIPE' ? 0 : 1))
process.exitCode = await main(process.argv.slice(2), process)
