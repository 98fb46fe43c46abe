import pg from 'pg'

/** Opens the connections of a peer: as many as the server has, with the same settings. @param options more settings */
export function openPool(options = '') {
  return new pg.Pool({
    connectionString: process.env.DATABASE_URL,
    max: Number(process.env.DATABASE_POOL_SIZE),
    options: `-c jit=off -c TimeZone=UTC ${options}`,
  })
}
