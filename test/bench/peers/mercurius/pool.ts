import { openPool } from '../pool.ts'

/** PostgreSQL would plan statements about lists of ids at each call, which takes three times as long as to run them. */
export const pool = openPool('-c plan_cache_mode=force_generic_plan')
