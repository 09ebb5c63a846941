// Which operations of the description have to be fuzzed so that every shape was: every handler (path without its
// record type, and method) with every kind of value that its query and body may hold. Record types are served by the
// same code, so that one of them stands for all that have no kind of value which it has not.

const METHODS = ["get", "post", "put", "patch", "delete"];

/** Follows a reference inside the description. */
function resolve(paper, node) {
  if (!node?.$ref) return node;
  return node.$ref.slice(2).split("/").reduce((at, name) => at[name], paper);
}

/** What kind of value a schema allows: its constraints without the names in them. */
export function kind(schema) {
  const types = [schema.type].flat().filter(Boolean).sort().join("|") || "any";
  // the pattern of references and the lists of options differ by type, and are checked by the same code
  const pattern = schema.pattern && (/^\^[A-Z]+-/.test(schema.pattern) ? "reference" : schema.pattern);
  const items = schema.items ? `[${kind(schema.items)}]` : "";
  const bounds = ["minLength", "minimum", "maximum", "minItems", "maxItems"].filter((name) => name in schema);
  return [types, schema.format, pattern, schema.enum && "enum", items, ...bounds].filter(Boolean).join(" ");
}

/** The kinds of values in a schema of a body: of its members, and whether they must be there. */
function kindsOfBody(paper, schema, depth = 0) {
  const found = resolve(paper, schema) ?? {};
  const all = new Set();
  for (const part of found.allOf ?? []) for (const one of kindsOfBody(paper, part, depth)) all.add(one);
  for (const [name, member] of Object.entries(found.properties ?? {})) {
    const needed = found.required?.includes(name) ? "needed" : "optional";
    all.add(`${needed} ${kind(resolve(paper, member))}`);
  }
  return all;
}

/** The shape of an operation: its handler, and every kind of value that may be sent to it. */
export function shape(paper, path, method, types) {
  const operation = paper.paths[path][method];
  const name = path.split("/")[3];
  const isRecord = types.has(name);
  const handler = `${method} ${isRecord ? path.replace(`/${name}`, "/{type}") : path}`;
  const kinds = new Set([handler]);
  const media = Object.entries(resolve(paper, operation.requestBody)?.content ?? {});
  for (const [type, { schema }] of media) {
    for (const one of kindsOfBody(paper, schema)) kinds.add(`${handler} ${type} ${one}`);
  }
  const parameters = [...(paper.paths[path].parameters ?? []), ...(operation.parameters ?? [])];
  for (const parameter of parameters.map((p) => resolve(paper, p))) {
    kinds.add(`${handler} ${parameter.in} ${parameter.name} ${kind(parameter.schema)}`);
  }
  return kinds;
}

/**
 * Operations that cover every shape, as `[method, path]`, in the order of the description. Of two operations that add
 * as much, the one of a type that is chosen already is taken, so that few types stand for all.
 */
export function representatives(paper, types) {
  const open = new Map();
  const operations = [];
  for (const [path, item] of Object.entries(paper.paths)) {
    for (const method of METHODS.filter((m) => item[m])) {
      const kinds = shape(paper, path, method, types);
      operations.push({ path, method, kinds });
      for (const one of kinds) open.set(one, true);
    }
  }
  const chosen = [];
  const taken = new Set();
  while (open.size > 0) {
    let best;
    let gain = 0;
    for (const operation of operations) {
      let adds = 0;
      for (const one of operation.kinds) if (open.has(one)) adds += 2;
      if (adds > 0 && taken.has(operation.path.split("/")[3])) adds += 1;
      if (adds > gain) [best, gain] = [operation, adds];
    }
    chosen.push(best);
    taken.add(best.path.split("/")[3]);
    for (const one of best.kinds) open.delete(one);
  }
  return operations.filter((o) => chosen.includes(o)).map((o) => [o.method, o.path]);
}
