import type { FastifyInstance } from "fastify";
import type { Engine } from "../graphs/engine.ts";
import { chosenStore } from "./engine-queries.ts";
import { readSearch, search, searchKinds } from "./search.ts";
import { metricsByTagValue, readTagChanges, staticTagset, type StaticTagsetWriter } from "./static-tagsets.ts";

type Asked = { Params: { metric: string }; Querystring: { store?: string } };

/**
 * TSorage's tag services: the search of series, metrics, names and values, and the static tagsets of metrics. Where a graph has
 * several stores, `store` names the one that is meant: in the body of a search, else as a parameter.
 *
 * @param fresh Brings to the stores what was handed in before.
 */
export function addTagRoutes(
  server: FastifyInstance,
  engine: Engine,
  writer: StaticTagsetWriter,
  fresh: () => Promise<void>,
): void {
  const storeOf = (name: string | undefined) => engine.store(chosenStore(engine.plan.graph, name));
  for (const kind of searchKinds) {
    server.post(`/api/v1/search/${kind}`, async (request) => {
      const wanted = readSearch(kind, request.body);
      const store = storeOf(wanted.store);
      await fresh();
      return await search(store, kind, wanted);
    });
  }
  const path = "/api/v1/metric/:metric/static-tagset";
  server.get<Asked>(path, async ({ params, query }) => {
    return Object.fromEntries(await staticTagset(storeOf(query.store), params.metric));
  });
  for (const [method, replaces] of [
    ["PATCH", false],
    ["PUT", true],
  ] as const) {
    server.route<Asked>({
      method,
      url: path,
      handler: async ({ params, query, body }, reply) => {
        await writer.change(storeOf(query.store), params.metric, readTagChanges(body), replaces);
        await reply.code(204).send();
      },
    });
  }
  server.get<{ Params: { name: string }; Querystring: { store?: string } }>(
    "/api/v1/static-tag/:name/values",
    async ({ params, query }, reply) => {
      const metrics = await metricsByTagValue(storeOf(query.store), params.name);
      await (Object.keys(metrics).length === 0 ? reply.code(204).send() : reply.send(metrics));
    },
  );
}
