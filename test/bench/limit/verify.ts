/** W8: the verification of a key that was presented to a service. */
import { EVERY_APPLICATION_WORD, EVERYTHING, SERVER_SEGMENTS } from '../../../src/authority/permissions.ts'
import { hashToken } from '../../../src/entities/api-key/token.ts'
import { CALLER, type HandWritten, heldBy, isActive, isUsable, REACH, scopeOf, timeText } from './statement.ts'

const SERVER = SERVER_SEGMENTS.map((segment) => `'${segment}'`).join(', ')
const WILDCARDS = `'${EVERYTHING}', '${EVERY_APPLICATION_WORD}'`

/** The caller must be allowed to ask about every user. Nothing is then hidden from them. */
export const verify: HandWritten = {
  text: `with ${CALLER}, ${REACH},
  presented as materialized (
    select k.id as key_id, k.read_only, k.expires_at, u.id, u.username, u.organization_id
    from api_keys as k join users as u on u.id = k.user_id, reach
    where k.hash = $2 and ${isUsable('k')} and ${isActive('u')} and reach.checks_all and reach.everywhere
  ),
  permitted as (
    select w.name, h.organization_id, h.project_id, nullif(max(coalesce(h.until, 'infinity')), 'infinity') as until
    from ${heldBy('presented')} as h join permissions as w on w.name = h.permission or h.permission = '${EVERYTHING}'
      or h.permission = '${EVERY_APPLICATION_WORD}' and split_part(w.name, '.', 1) not in (${SERVER})
    where w.name not in (${WILDCARDS})
    group by w.name, h.organization_id, h.project_id
  )
  select json_build_object('data', json_build_object('verifyApiKey', (
    select json_build_object('userId', 'user_' || k.id, 'username', k.username, 'isReadOnly', k.read_only, 'expiresAt', ${timeText('k.expires_at')},
      'permissions', (
        select coalesce(json_agg(json_build_object('name', h.name, 'scope', ${scopeOf('h')}, 'organization', o.name, 'project', p.code,
          'expiresAt', ${timeText('h.until')}) order by h.name, o.name_key, p.code_key), '[]'::json)
        from permitted as h left join organizations as o on o.id = h.organization_id left join projects as p on p.id = h.project_id
      ))
    from presented as k)))::text as body
  from caller`,
  values: ({ hash, variables: { secret } }) => [hash, hashToken(secret)],
}
