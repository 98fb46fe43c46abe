/** The real `ssh-keygen`, which says what a public key is. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface KeyPair {
  /** The line of the `.pub` file, without its end. */
  line: string
  /** The private key in OpenSSH's own format. */
  privateKey: string
}

/** Makes a key, like `makeKeyPair('rsa', 2048)`. */
export function makeKeyPair(type: string, bits: number | null = null, comment = 'bob@laptop'): KeyPair {
  return inFolder((folder) => {
    const path = join(folder, 'key')
    const size = bits === null ? [] : ['-b', String(bits)]
    sshKeygen('-q', '-t', type, ...size, '-N', '', '-C', comment, '-f', path)
    return { line: readFileSync(`${path}.pub`, 'utf8').trimEnd(), privateKey: readFileSync(path, 'utf8') }
  })
}

/** A certificate for a public key, by an authority made for it. */
export function makeCertificate(line: string): string {
  return inFolder((folder) => {
    writeFileSync(join(folder, 'key.pub'), `${line}\n`)
    sshKeygen('-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'authority'))
    sshKeygen('-q', '-s', join(folder, 'authority'), '-I', 'bob', join(folder, 'key.pub'))
    return readFileSync(join(folder, 'key-cert.pub'), 'utf8').trimEnd()
  })
}

/** The fingerprints of the keys that it reads in a text; none where it takes it for no public key. */
export function fingerprintsOf(text: string): string[] {
  return inFolder((folder) => {
    const path = join(folder, 'text.pub')
    writeFileSync(path, `${text}\n`)
    const { status, stdout } = run('-lf', path)
    if (status !== 0) return []
    return stdout
      .trimEnd()
      .split('\n')
      .map((found) => found.split(' ')[1] ?? found)
  })
}

function sshKeygen(...args: string[]) {
  const { status, stderr } = run(...args)
  if (status !== 0) throw new Error(`ssh-keygen ${args.join(' ')} ended with ${status}: ${stderr}`)
}

function run(...args: string[]) {
  const { error, ...ended } = spawnSync('ssh-keygen', args, { encoding: 'utf8', input: '' })
  if (error) throw new Error('These tests need ssh-keygen: install the package openssh-client.', { cause: error })
  return ended
}

function inFolder<T>(act: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'chatelaine-ssh-'))
  try {
    return act(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
