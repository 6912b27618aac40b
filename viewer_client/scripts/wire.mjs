// Reads the JSON schema of the wire on stdin and writes TypeScript types to the file named, or to stdout.
import { writeFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { compile } from "json-schema-to-typescript";

const BANNER = `/* Generated from the server's models: run \`npm run wire\` instead of editing. */`;

/** Says the 2020-12 schema in the older words that the generator knows; titles of fields would become types. */
function simplify(node, isField = false) {
  if (Array.isArray(node)) return node.map((item) => simplify(item));
  if (node === null || typeof node !== "object") return node;
  const out = {};
  for (const [key, value] of Object.entries(node)) {
    if (key === "default" || (key === "title" && isField)) continue;
    if (key === "properties") {
      out.properties = Object.fromEntries(Object.entries(value).map(([name, field]) => [name, simplify(field, true)]));
    } else if (key === "prefixItems") {
      out.items = simplify(value);
    } else if (key === "$defs") {
      out.definitions = simplify(value);
    } else if (key === "$ref") {
      out.$ref = value.replace("#/$defs/", "#/definitions/");
    } else {
      out[key] = simplify(value);
    }
  }
  if (!("items" in out && Array.isArray(out.items))) {
    delete out.minItems;
    delete out.maxItems;
  }
  return out;
}

const schema = simplify(JSON.parse(await text(process.stdin)));
schema.$schema = "http://json-schema.org/draft-07/schema#";
const compiled = await compile(schema, "Wire", {
  additionalProperties: false,
  bannerComment: BANNER,
  unknownAny: true,
  style: { printWidth: 120 },
});
// A tuple type says its length already.
const code = compiled.replace(/^ *\/\*\*\n(?: *\* @m(?:in|ax)Items \d+\n)+ *\*\/\n/gm, "");
const target = process.argv[2];
if (target) writeFileSync(target, code);
else process.stdout.write(code);
