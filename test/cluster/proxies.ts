/** HAProxy and PgBouncer. */
import { setTimeout as wait } from 'node:timers/promises'
import { fillExample } from './examples.ts'
import type { Node } from './patroni.ts'
import { freePort, type Runtime } from './runtime.ts'

/** HAProxy with the API of these servers at one port, and the primary of these nodes at another. */
export async function startHaproxy(runtime: Runtime, serverPorts: number[], nodes: Node[]) {
  const [apiPort, primaryPort] = [await freePort(), await freePort()]
  const servers = serverPorts.map((port, index) => [`chatelaine${index + 1}.internal:4000`, `127.0.0.1:${port}`])
  const databases = nodes.map((node) => [
    `${node.name}.internal:5432 port 8008`,
    `127.0.0.1:${node.port} port ${node.apiPort}`,
  ])
  const text = fillExample('haproxy.cfg', {
    'bind :8080': `bind 127.0.0.1:${apiPort}`,
    'bind 127.0.0.1:5000': `bind 127.0.0.1:${primaryPort}`,
    ...Object.fromEntries([...servers, ...databases]),
  })
  runtime.start('haproxy', ['haproxy', '-db', '-f', runtime.write('haproxy.cfg', text)])
  await wait(500)
  return { apiPort, primaryPort }
}

/** PgBouncer before the primary; gives its port. */
export async function startPgbouncer(runtime: Runtime, primaryPort: number, user: string, password: string) {
  const port = await freePort()
  const text = fillExample('pgbouncer.ini', {
    'port=5000': `port=${primaryPort}`,
    'listen_port = 6432': `listen_port = ${port}`,
    '/etc/pgbouncer/userlist.txt': runtime.write('userlist.txt', `"${user}" "${password}"\n`),
  })
  runtime.start('pgbouncer', ['pgbouncer', runtime.write('pgbouncer.ini', text)])
  await wait(500)
  return port
}
