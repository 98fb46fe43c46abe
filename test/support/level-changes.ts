/** The mutations of controllers and models, for the table of `changes.ts`. */
import type { SampleChange } from './changes.ts'

const HOLDERS = 'holders { totalCount edges { level via expiresAt node { username } } }'
const CONTROLLER = `controller { id name type organization { name } models { nodes { name } } ${HOLDERS} }`
const MODEL = `model { id name controller { name } credential { name } ${HOLDERS} }`

/** One entry per mutation; `USER` selects a user in a payload. */
export function levelChanges(USER: string, later: () => string): SampleChange[] {
  return [
    {
      name: 'createController',
      input: () => ({ name: 'gce2', type: 'google', organization: 'acme' }),
      payload: CONTROLLER,
      targetType: 'Controller',
      targetId: (payload) => payload.controller.id,
    },
    {
      name: 'updateController',
      input: () => ({ controller: 'gce1', name: 'gce3', type: 'ec2' }),
      payload: CONTROLLER,
      targetType: 'Controller',
      targetId: (_payload, world) => world.controllerId,
    },
    {
      name: 'deleteController',
      input: () => ({ controller: 'idle' }),
      payload: 'name endedGrants',
      targetType: 'Controller',
      targetId: (_payload, world) => world.idleId,
    },
    {
      name: 'createModel',
      input: () => ({ controller: 'gce1', name: 'db', credential: 'own' }),
      payload: MODEL,
      targetType: 'Model',
      targetId: (payload) => payload.model.id,
    },
    {
      name: 'updateModel',
      input: () => ({ controller: 'gce1', model: 'web', name: 'site', credential: 'own' }),
      payload: MODEL,
      targetType: 'Model',
      targetId: (_payload, world) => world.modelId,
    },
    {
      name: 'deleteModel',
      input: () => ({ controller: 'gce1', model: 'web' }),
      payload: 'name endedGrants',
      targetType: 'Model',
      targetId: (_payload, world) => world.modelId,
    },
    {
      name: 'grantControllerAccess',
      input: () => ({ user: 'dave', controller: 'gce1', access: 'SUPERUSER', expiresAt: later() }),
      payload: `changed ${USER} ${CONTROLLER}`,
      targetType: 'User',
      targetId: (payload) => payload.user.id,
    },
    {
      name: 'revokeControllerAccess',
      input: () => ({ user: 'bob', controller: 'gce1', access: 'ADD_MODEL' }),
      payload: `changed ${USER} ${CONTROLLER}`,
      targetType: 'User',
      targetId: (_payload, world) => world.bob.id,
    },
    {
      name: 'setControllerAccess',
      input: () => ({ user: 'bob', controller: 'gce1', access: 'LOGIN', expiresAt: later() }),
      payload: `changed ${USER} ${CONTROLLER}`,
      targetType: 'User',
      targetId: (_payload, world) => world.bob.id,
    },
    {
      name: 'grantModelAccess',
      input: () => ({ user: 'dave', controller: 'gce1', model: 'web', access: 'ADMIN', expiresAt: later() }),
      payload: `changed ${USER} ${MODEL}`,
      targetType: 'User',
      targetId: (payload) => payload.user.id,
    },
    {
      name: 'revokeModelAccess',
      input: () => ({ user: 'bob', controller: 'gce1', model: 'web', access: 'WRITE' }),
      payload: `changed ${USER} ${MODEL}`,
      targetType: 'User',
      targetId: (_payload, world) => world.bob.id,
    },
    {
      name: 'setModelAccess',
      input: () => ({ user: 'bob', controller: 'gce1', model: 'web', access: 'READ', expiresAt: later() }),
      payload: `changed ${USER} ${MODEL}`,
      targetType: 'User',
      targetId: (_payload, world) => world.bob.id,
    },
  ]
}
