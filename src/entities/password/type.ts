import { sql } from 'drizzle-orm'
import { reads } from '../../graphql/builder.ts'
import { User } from '../user/type.ts'

reads.extend(User, (f) => ({
  mustChangePassword: f.expression({
    type: 'Boolean',
    nullable: true,
    guard: 'manager',
    description:
      'True where the user must change their password before they can do anything else with it, because another user set it; null where they have no password. Visible to holders of `users.manage` over the user’s organization, and to administrators; other callers get null and FORBIDDEN. Users see it of themselves as `viewer { mustChangePassword }`.',
    sql: (user) => sql`(select p.must_change from passwords as p where p.user_id = ${user.id})`,
  }),
}))
