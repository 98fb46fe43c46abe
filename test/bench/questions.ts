/** Random questions about access. */
import type { Random } from '../read/random.ts'
import { CONTROLLERS, MODELS, ORGANIZATIONS, projectOf } from './world.ts'

const PERMISSIONS = ['version.create', 'image.read', 'report.update', 'build.read', 'cluster.delete', 'project.update']
const CONTROLLER_ACCESS = ['LOGIN', 'ADD_MODEL', 'SUPERUSER']
const MODEL_ACCESS = ['READ', 'WRITE', 'ADMIN']

/** Questions about the member of an organization; two in three permissions are asked about a project of it. */
export function questionsAbout(random: Random, organization: number) {
  const permission = () => {
    const place = random.chance(0.66) ? organization : 1 + random.int(ORGANIZATIONS)
    return { permission: { permission: random.pick(PERMISSIONS), project: projectOf(place, random.int(10)) } }
  }
  const controller = () => ({
    controller: { controller: `controller-${1 + random.int(CONTROLLERS)}`, access: random.pick(CONTROLLER_ACCESS) },
  })
  const model = () => {
    const number = 1 + random.int(MODELS)
    const place = { controller: `controller-${1 + ((number - 1) % CONTROLLERS)}`, model: `model-${number}` }
    return { model: { ...place, access: random.pick(MODEL_ACCESS) } }
  }
  const kinds = [permission, permission, controller, model]
  const many = (count: number) =>
    Array.from({ length: count }, (_, place) => kinds[place % kinds.length]?.() ?? permission())
  return { permission, many }
}
