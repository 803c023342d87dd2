import { graphSchema } from "../../config/json-schema.ts";
import { builtInCatalogue, catalogueFor } from "../catalogue.ts";

/** Prints the JSON Schema of graph files, for editors; with a file, with the components of its plugins. */
export async function schema(file: string | undefined): Promise<void> {
  const { catalogue, faults } =
    file === undefined ? { catalogue: builtInCatalogue(), faults: [] } : await catalogueFor(file);
  const [fault] = faults;
  if (fault !== undefined) throw fault.error;
  process.stdout.write(`${JSON.stringify(graphSchema(catalogue), null, 2)}\n`);
}
