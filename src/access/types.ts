import { builder } from '../builder.ts'

/** Levels are kept in SQL as their place in the ladder; these are their names. */
export const ControllerAccess = builder.enumType('ControllerAccess', {
  description: 'A level on a controller; a higher one implies the lower.',
  values: {
    LOGIN: { value: 1, description: 'Know the controller. Any access to one of its models implies it.' },
    ADD_MODEL: { value: 2, description: 'Add models, and administer those one added.' },
    SUPERUSER: { value: 3, description: 'Administer it and all its models, later ones too.' },
  },
})

export const ModelAccess = builder.enumType('ModelAccess', {
  description: 'A level on a model; a higher one implies the lower.',
  values: {
    READ: { value: 1, description: 'Look at the model.' },
    WRITE: { value: 2, description: 'Change what is in it.' },
    ADMIN: { value: 3, description: 'Say who has access to it.' },
  },
})

export const AccessVia = builder.enumType('AccessVia', {
  description: 'Through what something is held.',
  values: {
    GRANT: { description: 'By a grant on the very thing.' },
    ROLE: { description: 'Through a role; a level, through its `controllers.manage`.' },
    MEMBERSHIP: { description: 'As a member of the organization; a level, by its `controllers.manage`.' },
    CONTROLLER: { description: 'As SUPERUSER on the model’s controller.' },
    MODEL: { description: 'By access to one of the controller’s models.' },
    SELF: { description: 'It is their own.' },
  },
})
