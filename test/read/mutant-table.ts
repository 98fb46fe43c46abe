// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts are code.
/** One mistake each, as somebody could make it in src/read. */
export interface Mutant {
  name: string
  file: string
  find: string
  replace: string
}

const visibility: Mutant[] = [
  {
    name: 'visibility left out of connections',
    file: 'rows.ts',
    find: 'and(typeSpec(edge).visible?.(row, c.caller, time), edgeNodeVisible',
    replace: 'and(edgeNodeVisible',
  },
  {
    name: 'visibility left out of lists without pages',
    file: 'object.ts',
    find: 'const visible = typeSpec(type).visible?.(target, c.caller)',
    replace: 'const visible = undefined as SQL | undefined',
  },
  {
    name: 'visibility left out of the node of an edge that is the row itself',
    file: 'list.ts',
    find: "if (spec.kind === 'same') return typeSpec(nodeType).visible?.(row, c.caller, time)",
    replace: "if (spec.kind === 'same') return undefined",
  },
  {
    name: 'visibility left out of the node of an edge that is another row',
    file: 'list.ts',
    find: 'if (!visible) return undefined',
    replace: 'if (visible) return undefined',
  },
  {
    name: 'visibility left out of a row pointed to',
    file: 'object.ts',
    find: 'and(linkSql(c, link, row, target), typeSpec(type).visible?.(target, c.caller, from.time)) ?? sql`true`',
    replace: 'linkSql(c, link, row, target) ?? sql`true`',
  },
  {
    name: 'visibility left out of the row as another type',
    file: 'object.ts',
    find: 'const visible = required ? undefined : typeSpec(type).visible?.(row, c.caller)',
    replace: 'const visible = undefined as SQL | undefined',
  },
  {
    name: 'visibility left out of what an edge shows of its row as another type',
    file: 'object.ts',
    find: 'const visible = required ? undefined : typeSpec(type)',
    replace: 'const visible = from.cursor ? undefined : typeSpec(type)',
  },
  {
    name: 'visibility left out of the page',
    file: 'rows.ts',
    find: 'map((arm) => visibleRows(list, row, arm, within, sql`order by ${scan}`))',
    replace: 'map((arm) => sql`${arm} where ${within}`)',
  },
  {
    name: 'visibility left out of the count',
    file: 'rows.ts',
    find: 'map((arm) => visibleRows(list, row, arm, within))',
    replace: 'map((arm) => sql`${arm} where ${within}`)',
  },
  {
    name: 'visibility of nodes left out of both page and count',
    file: 'rows.ts',
    find: ', edgeNodeVisible(c, edge, row, time))',
    replace: ')',
  },
  {
    name: 'visibility left out of loading one',
    file: 'plan.ts',
    find: 'and(sql`${primaryKey(row)} = ${key}`, visible)',
    replace: 'and(sql`${primaryKey(row)} = ${key}`)',
  },
  {
    name: 'visibility left out of loading several',
    file: 'plan.ts',
    find: 'where ${visible ?? sql`true`}`',
    replace: 'where true`',
  },
  {
    name: 'visibility left out of a root of one',
    file: 'plan.ts',
    find: 'and(spec.where(row, c.caller, argumentScope(c, field, node)), typeSpec(type).visible?.(row, c.caller))',
    replace: 'and(spec.where(row, c.caller, argumentScope(c, field, node)))',
  },
]

const peeks: Mutant[] = [
  {
    name: 'guard forgotten: the variable of include and skip',
    file: 'collect.ts',
    find: 'return c.peek(`if ${name}`, (env) => env.variables.coerced[name] === true)',
    replace: 'return c.env.variables.coerced[name] === true',
  },
  {
    name: 'guard forgotten: whether an argument is given',
    file: 'arguments.ts',
    find: 'has: (path) => c.peek(`has ${id} ${path}`, (env) => (readPath(field, node, path, env) ?? null) !== null),',
    replace: 'has: (path) => (readPath(field, node, path, c.env) ?? null) !== null,',
  },
  {
    name: 'guard forgotten: the bucket of the page size',
    file: 'page.ts',
    find: 'c.peek(`bucket ${id}`, (env) => bucket(size(env)))',
    replace: 'bucket(size(c.env))',
  },
  {
    name: 'guard forgotten: whether a page argument is given',
    file: 'page.ts',
    find: 'c.peek(`given ${id} ${name}`, (env) => (readPath(field, node, name, env) ?? null) !== null)',
    replace: '(readPath(field, node, name, c.env) ?? null) !== null',
  },
  {
    name: 'guard forgotten: the order',
    file: 'page.ts',
    find: "c.peek(`order ${numberOf(node)}`, (env) => JSON.stringify(readPath(field, node, 'orderBy', env) ?? null))",
    replace: "JSON.stringify(readPath(field, node, 'orderBy', c.env) ?? null)",
  },
  {
    name: 'guard forgotten: a flag of the caller',
    file: 'compilation.ts',
    find: 'flag: ({ name, of }) => c.peek(`flag ${name}`, ({ caller }) => of(caller)),',
    replace: 'flag: ({ of }) => of(env.caller),',
  },
  {
    name: 'guard shared between variables of different names',
    file: 'collect.ts',
    find: 'c.peek(`if ${name}`',
    replace: 'c.peek(`if`',
  },
  {
    name: 'a new guard does not drop the plans made without it',
    file: 'plan.ts',
    find: '  entry.guards.push(...added)\n  entry.plans.clear()',
    replace: '  entry.guards.push(...added.slice(1))\n  entry.plans.clear()',
  },
  {
    name: 'a value of the run becomes one of the plan',
    file: 'compilation.ts',
    find: 'slots.set(placeholder, read)',
    replace: 'const now = read(env)\n      slots.set(placeholder, () => now)',
  },
  {
    name: 'the caller is one of the plan',
    file: 'compilation.ts',
    find: 'c.slot(`caller ${name}`, sqlType, ({ caller }) => of(caller))',
    replace: 'c.slot(`caller ${name}`, sqlType, () => of(env.caller))',
  },
  {
    name: 'what merges with the first node does not count',
    file: 'plan.ts',
    find: "const key = [mode, ...others.map(numberOf)].join(' ')",
    replace: "const key = others.length === -1 ? '' : mode",
  },
  {
    name: 'a guard that can not be read fails what is not selected',
    file: 'plan.ts',
    find: 'entry.guards.map((guard) => readGuard(guard, env))',
    replace: 'entry.guards.map((guard) => guard.read(env))',
  },
]

const pages: Mutant[] = [
  {
    name: 'one row too few is read',
    file: 'rows.ts',
    find: 'limit ${literal(page.limit + 1)}',
    replace: 'limit ${literal(page.limit)}',
  },
  {
    name: 'a page is one row too long',
    file: 'connection.ts',
    find: 'return sql`coalesce(json_agg(${object} order by ${order}) filter (where ${place} <= ${size}',
    replace: 'return sql`coalesce(json_agg(${object} order by ${order}) filter (where ${place} <= ${size} + 1',
  },
  {
    name: 'the comparison with a cursor is reversed',
    file: 'rows.ts',
    find: "sql.raw((argument === 'after') === (order.direction === 'asc') ? '>' : '<')",
    replace: "sql.raw((argument === 'after') === (order.direction === 'asc') ? '<' : '>')",
  },
  {
    name: 'the comparison with a cursor forgets the direction',
    file: 'rows.ts',
    find: "(argument === 'after') === (order.direction === 'asc')",
    replace: "argument === 'after'",
  },
  {
    name: 'the comparison with a cursor includes its row',
    file: 'rows.ts',
    find: "=== (order.direction === 'asc') ? '>' : '<')",
    replace: "=== (order.direction === 'asc') ? '>=' : '<=')",
  },
  {
    name: 'hasNextPage where the page is just full',
    file: 'connection.ts',
    find: '`coalesce(max(${context.place}), 0) > ${context.size}`',
    replace: '`coalesce(max(${context.place}), 0) >= ${context.size}`',
  },
  {
    name: 'hasNextPage and hasPreviousPage mixed up',
    file: 'connection.ts',
    find: 'return page.backward ? literal(page.hasBefore) : hasMore(context)',
    replace: 'return page.backward ? hasMore(context) : literal(page.hasBefore)',
  },
  {
    name: 'startCursor at the wrong end of a page read backward',
    file: 'connection.ts',
    find: "outermostCursor(context, page.backward ? 'desc' : 'asc')",
    replace: "outermostCursor(context, 'asc')",
  },
  {
    name: 'endCursor of the row too many',
    file: 'connection.ts',
    find: '${sql.raw(direction)}) filter (where ${place} <= ${size}))[1]`',
    replace: '${sql.raw(direction)}))[1]`',
  },
  {
    name: 'a page read backward is not turned round',
    file: 'connection.ts',
    find: 'const order = page.backward ? sql`${place} desc` : place',
    replace: 'const order = page.backward ? place : place',
  },
  {
    name: 'the last page is the first',
    file: 'rows.ts',
    find: "const ascending = (order.direction === 'asc') !== page.backward",
    replace: "const ascending = order.direction === 'asc'",
  },
  {
    name: 'before is ignored',
    file: 'rows.ts',
    find: "page.hasBefore ? beyond(c, selected, 'before', order, columns) : undefined",
    replace: "page.hasBefore && !page.hasAfter ? beyond(c, selected, 'before', order, columns) : undefined",
  },
  {
    name: 'a cursor without the microseconds',
    file: 'connection.ts',
    find: '.map((column) => sql`${column}::text`)',
    replace:
      ".map((column) => (column.getSQLType().startsWith('timestamp') ? sql`date_trunc('milliseconds', ${column})::text` : sql`${column}::text`))",
  },
  {
    name: 'an order does not end on the key',
    file: 'list.ts',
    find: '? columns : [...columns, key]',
    replace: '? columns : columns',
  },
  {
    name: 'a cursor of another ordering is taken',
    file: 'cursor.ts',
    find: 'if (madeFor !== order)',
    replace: 'if (madeFor === undefined)',
  },
  {
    name: 'a page size beyond the maximum is taken',
    file: 'page.ts',
    find: 'value >= 1 && value <= MAX_PAGE_SIZE',
    replace: 'value >= 1 && value <= MAX_PAGE_SIZE + 1',
  },
  {
    name: 'the condition of a list is left out',
    file: 'list.ts',
    find: 'conditions.push(list.where?.(row, c.caller, args))',
    replace: '',
  },
  {
    name: 'the rows of a relation are all rows',
    file: 'list.ts',
    find: 'if (list.link && parent) conditions',
    replace: 'if (list.link && !parent) conditions',
  },
]

const objects: Mutant[] = [
  {
    name: 'an inner join for an outer one',
    file: 'object.ts',
    find: "outer ? 'left join' : 'join'",
    replace: "outer && !required && !from.outer ? 'left join' : 'join'",
  },
  {
    name: 'an inner join below an outer one',
    file: 'object.ts',
    find: 'const outer = from.outer || !required',
    replace: 'const outer = !required',
  },
  {
    name: 'an inner join below the row as another type',
    file: 'object.ts',
    find: '{ joins: from.joins, outer: from.outer || !required, time: from.time }',
    replace: '{ joins: from.joins, outer: from.outer, time: from.time }',
  },
  {
    name: 'a guarded value is shown',
    file: 'object.ts',
    find: 'pairs.set(responseName, verdict ? guardedSql(c, value, verdict) : value)',
    replace: 'pairs.set(responseName, value)',
  },
  {
    name: 'the refusal of a guard is not told',
    file: 'object.ts',
    find: 'if (decided && !c.isFinal) pairs.set(guardKey(name), decided)',
    replace: '',
  },
  {
    name: 'a guard that knows nothing allows',
    file: 'object.ts',
    find: 'coalesce(${verdict}, false)',
    replace: 'coalesce(${verdict}, true)',
  },
  {
    name: 'the guard of an ordinary resolver is forgotten',
    file: 'object.ts',
    find: 'const verdict = spec?.guard ? guards(spec.guard) : undefined',
    replace: "const verdict = spec?.guard && spec.kind !== 'needs' ? guards(spec.guard) : undefined",
  },
  {
    name: 'the resolver does not look at the guard',
    file: 'fields.ts',
    find: 'if (parent[guardKey(guard)] === false)',
    replace: 'if (parent[guardKey(guard)] === undefined)',
  },
  {
    name: 'fields beyond the fiftieth are lost',
    file: 'sql.ts',
    find: 'const tail = buildObject(pairs.slice(MAX_PAIRS))',
    replace: 'const tail = buildObject(pairs.slice(MAX_PAIRS + 1))',
  },
  {
    name: 'more pairs at once than PostgreSQL takes',
    file: 'sql.ts',
    find: 'const MAX_PAIRS = 50',
    replace: 'const MAX_PAIRS = 51',
  },
  {
    name: 'fields by name instead of response name',
    file: 'run.ts',
    find: '  return parent[info.path.key]\n',
    replace: '  return parent[info.fieldName] ?? parent[info.path.key]\n',
  },
  {
    name: 'several loaded in the order of the database',
    file: 'run.ts',
    find: 'objects[Number(row.place) - 1] = parse',
    replace: 'objects[rows.indexOf(row)] = parse',
  },
  {
    name: 'a needed column under the key of the type',
    file: 'object.ts',
    find: 'return `$needs ${column}`',
    replace: 'return `$${column}`',
  },
  {
    name: 'fragments on an interface do not apply',
    file: 'collect.ts',
    find: 'return isAbstractType(conditionType) && c',
    replace: 'return !isAbstractType(conditionType) && c',
  },
  {
    name: 'two readings of one argument are one',
    file: 'arguments.ts',
    find: "${convert ? convertNumber(convert) : ''}",
    replace: '',
  },
]

/** Where the JSON of the database is the answer. */
const final: Mutant[] = [
  {
    name: 'a guarded value is shown where the database answers',
    file: 'final.ts',
    find: 'else to_json(1 / (${verdict})::int) end`',
    replace: 'else to_json(${value}) end`',
  },
  {
    name: 'a refused value is null where the database answers',
    file: 'final.ts',
    find: 'else to_json(1 / (${verdict})::int) end`',
    replace: 'end`',
  },
  {
    name: 'an enum is told as it is stored',
    file: 'final.ts',
    find: 'if (renamed.length === 0) return value',
    replace: 'if (renamed.length >= 0) return value',
  },
  {
    name: 'a cursor is told as JSON',
    file: 'final.ts',
    find: 'if (!c.isFinal) return json',
    replace: 'if (c.isFinal || !c.isFinal) return json',
  },
  {
    name: 'an ordinary resolver is left out where the database answers',
    file: 'object.ts',
    find: 'if (c.isFinal) throw new NotFinalError()',
    replace: '',
  },
  {
    name: 'the name of a type is left out where the database answers',
    file: 'object.ts',
    find: 'if (c.isFinal) pairs.set(responseName, literal(type.name))',
    replace: '',
  },
  {
    name: 'the names of the parts of a connection are left out where the database answers',
    file: 'connection.ts',
    find: 'return c.isFinal ? literal(type.name) : undefined',
    replace: 'return undefined',
  },
]

export const mutants: Mutant[] = [...visibility, ...peeks, ...pages, ...objects, ...final]
