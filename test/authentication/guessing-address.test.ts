import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { byBasic, bySignIn, countOf, guessRight, guessWrong, outcomeOf, startBehindProxy } from '../support/guesses.ts'
import { query } from '../support/rows.ts'
import { createPerson } from '../support/sessions.ts'

const HERE = '203.0.113.9'
const ELSEWHERE = '198.51.100.7'

describe('behind a trusted proxy', () => {
  const app = startBehindProxy()

  /** A hundred wrong guesses, each at another username. */
  async function guessAtMany(address: string): Promise<string[]> {
    const outcomes = []
    for (let made = 0; made < 100; made += 20) {
      const guesses = Array.from({ length: 20 }, (_, index) =>
        (index % 2 ? byBasic : bySignIn)(app, address, `user${made + index}`, 'wrong'),
      )
      outcomes.push(...(await Promise.all(guesses)).map(outcomeOf))
    }
    return outcomes
  }

  test('guesses from one address are limited to a hundred, at any number of users', async () => {
    await createPerson(app, 'bob')

    expect(countOf(await guessAtMany(HERE))).toEqual({ wrong: 100 })

    expect(await guessWrong(app, 1, HERE, { username: 'user100' })).toEqual(['limited'])
    expect(await guessWrong(app, 1, HERE, { username: 'user100', guess: byBasic, from: 1 })).toEqual(['limited'])
    expect(await guessRight(app, HERE)).toBe('limited')
    expect(await guessRight(app, ELSEWHERE)).toBe('in')
  })

  test('right passwords are not counted among the hundred', async () => {
    await createPerson(app, 'bob')
    for (let made = 0; made < 30; made++) expect(await guessRight(app, HERE)).toBe('in')

    expect(countOf(await guessAtMany(HERE))).toEqual({ wrong: 100 })
  })

  test('the address is the last one before the trusted proxies, and earlier ones from the client are ignored', async () => {
    await createPerson(app, 'bob')
    for (let made = 0; made < 10; made++) {
      expect(await guessWrong(app, 1, `192.0.2.${made}, ${HERE}`, { from: made })).toEqual(['wrong'])
    }

    expect(await guessRight(app, `192.0.2.200, ${HERE}`)).toBe('limited')
    expect(await guessRight(app, HERE)).toBe('limited')
    expect(await guessRight(app, `${HERE}, ${ELSEWHERE}`)).toBe('in')
  })

  test('all addresses of one IPv6 network are counted together', async () => {
    await createPerson(app, 'bob')
    for (let made = 0; made < 10; made++) {
      expect(await guessWrong(app, 1, `2001:db8:1:2::${made}`, { from: made })).toEqual(['wrong'])
    }

    expect(await guessRight(app, '2001:db8:1:2:ffff::1')).toBe('limited')
    expect(await guessRight(app, '2001:db8:1:3::1')).toBe('in')
  })

  test('an address is the same in any notation', async () => {
    await createPerson(app, 'bob')
    await guessWrong(app, 5, '203.0.113.9')
    await guessWrong(app, 5, '::ffff:203.0.113.9', { from: 5 })

    expect(await guessRight(app, '203.0.113.9')).toBe('limited')
    expect(await guessRight(app, '::ffff:cb00:7109')).toBe('limited')
  })

  test.each([
    ['IPv4', (port: number) => `203.0.113.9:${port}`, '203.0.113.9', '203.0.113.10'],
    ['IPv6', (port: number) => `[2001:db8::1]:${port}`, '2001:db8::1', '2001:db8:0:1::1'],
    ['IPv6 without a port', () => '[2001:db8::1]', '2001:db8::1', '2001:db8:0:1::1'],
  ])('a port after the address is ignored: %s', async (_what, at, same, other) => {
    await createPerson(app, 'bob')
    for (let made = 0; made < 10; made++) {
      expect(await guessWrong(app, 1, at(4711 + made), { from: made })).toEqual(['wrong'])
    }

    for (const address of [at(5000), same]) expect(await guessRight(app, address)).toBe('limited')
    expect(await guessRight(app, other)).toBe('in')
    expect(await query(app, sql`select address from sessions`)).toEqual([{ address: other }])
  })

  test('a port after each of several addresses is ignored', async () => {
    await createPerson(app, 'bob')
    for (let made = 0; made < 10; made++) {
      const address = `192.0.2.${made}:99, ${HERE}:${4711 + made}, 127.0.0.1:${8000 + made}`
      expect(await guessWrong(app, 1, address, { from: made })).toEqual(['wrong'])
    }

    expect(await guessRight(app, `192.0.2.200:1, ${HERE}:1, 127.0.0.1:1`)).toBe('limited')
    expect(await guessRight(app, HERE)).toBe('limited')
    expect(await guessRight(app, ELSEWHERE)).toBe('in')
  })

  test('several proxies on this machine are all skipped', async () => {
    await createPerson(app, 'bob')
    await guessWrong(app, 10, `192.0.2.1, ${HERE}, 127.0.0.1, 127.0.0.2`)

    expect(await guessRight(app, `192.0.2.2, ${HERE}, 127.0.0.1`)).toBe('limited')
    expect(await guessRight(app, `${ELSEWHERE}, 127.0.0.1, 127.0.0.2`)).toBe('in')
    expect(await query(app, sql`select address from sessions`)).toEqual([{ address: ELSEWHERE }])
  })

  const GARBAGE = ['nonsense', 'unknown', '_hidden', ':4711', '999.1.1.1', '1.2.3.4:x', '[::1', '[nonsense]:1', "';--"]

  test('a text that is no address is counted as the address of the proxy', async () => {
    await createPerson(app, 'bob')
    for (let made = 0; made < 10; made++) {
      const garbage = GARBAGE[made % GARBAGE.length] ?? ''
      expect(await guessWrong(app, 1, made % 2 ? `${HERE}, ${garbage}${made}` : garbage, { from: made })).toEqual([
        'wrong',
      ])
    }

    for (const garbage of [...GARBAGE, 'x'.repeat(5000), '127.0.0.1']) {
      expect([garbage.slice(0, 20), await guessRight(app, garbage)]).toEqual([garbage.slice(0, 20), 'limited'])
    }
    expect(await guessRight(app, HERE)).toBe('in')
  })

  test.each([
    ['a word', 'nonsense'],
    ['a long text', 'x'.repeat(5000)],
    ['a hidden name with a port', '_hidden:1'],
  ])('a session stores the address of the proxy instead of a text that is no address: %s', async (_what, garbage) => {
    await createPerson(app, 'bob')

    expect(await guessRight(app, garbage)).toBe('in')

    expect(await query(app, sql`select address from sessions`)).toEqual([{ address: '127.0.0.1' }])
    const rows = await query(app, sql`select distinct address from audit_events where action = 'signIn'`)
    expect(rows).toEqual([{ address: '127.0.0.1' }])
  })

  test('an address over the limit leaves no rows for further names', async () => {
    expect(countOf(await guessAtMany(HERE))).toEqual({ wrong: 100 })
    const counts = () =>
      query(app, sql`select key, points from password_guesses where key not like 'address:%' order by key`)
    const before = await counts()

    for (let made = 0; made < 20; made++) {
      const guess = made % 2 ? byBasic : bySignIn
      expect(await guessWrong(app, 1, HERE, { username: `other${made}`, guess })).toEqual(['limited'])
    }

    expect(before).toHaveLength(100)
    expect(await counts()).toEqual(before)
    expect(await query(app, sql`select from password_guesses`)).toHaveLength(101)
  })

  test('a session stores the address of its sign-in', async () => {
    await createPerson(app, 'bob')

    await bySignIn(app, HERE, 'bob', 'correct horse battery')

    expect(await query(app, sql`select address from sessions`)).toEqual([{ address: HERE }])
  })
})

describe('without a trusted proxy', () => {
  const app = startApp()

  test('X-Forwarded-For is ignored', async () => {
    await createPerson(app, 'bob')
    for (let made = 0; made < 10; made++) {
      expect(await guessWrong(app, 1, `192.0.2.${made}`, { from: made })).toEqual(['wrong'])
    }

    expect(await guessRight(app, '192.0.2.200')).toBe('limited')
  })

  test('a session stores the address of the connection', async () => {
    await createPerson(app, 'bob')

    await guessRight(app, HERE)

    expect(await query(app, sql`select address from sessions`)).toEqual([{ address: '127.0.0.1' }])
  })
})

describe('if another machine is the trusted proxy', () => {
  const app = startApp({ trustedProxies: ['10.0.0.0/8'] })

  test('X-Forwarded-For from other machines is ignored', async () => {
    await createPerson(app, 'bob')

    await guessRight(app, HERE)

    expect(await query(app, sql`select address from sessions`)).toEqual([{ address: '127.0.0.1' }])
  })
})
