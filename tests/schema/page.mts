// A page that is written against what the server declares. What must not compile says so.

import TornadoWebSocket, {
  RequestError,
} from "./tornado_websockets/static/tornado_websockets/tornadowebsocket.mjs";
import type { GuardedEventsRoom, Item, Named, Order, Sends, Types } from "./websockets.mjs";

const types = new TornadoWebSocket<Types>("/types");
const sends = new TornadoWebSocket<Sends>("/sends", { auto_connect: false });
const order: Order = { items: [{ name: "tea", price: 3 }], at: "2020-02-29T12:00:00Z", colour: "blue" };

types.emit("order_dataclass", order);
types.emit("order_form", { name: "tea", price: 3, at: "2020-02-29" }, { queue: false });
types.emit("settle");
types.emit("unchecked", { any: "thing" });
types.emit("be_rich", {
  point: [1, 2.5],
  row: [1, 2, 3],
  tree: { name: "root", children: [{ name: "leaf" }] },
  pet: { kind: "dog", tricks: ["sit"] },
  by_name: { tea: { name: "tea", price: 3 } },
  "the amount": "1.5",
});
// @ts-expect-error there is no such event
types.emit("order_datacls", order);
// @ts-expect-error the price is no number
types.emit("order_dataclass", { ...order, items: [{ name: "tea", price: "much" }] });
// @ts-expect-error the order is missing
types.emit("order_dataclass");
// @ts-expect-error there is no such colour
types.emit("order_dataclass", { ...order, colour: "green" });
// @ts-expect-error it takes no data
types.emit("settle", { some: "thing" });
// @ts-expect-error a text is no order
types.emit("order_struct", "tea");

export async function ask(): Promise<string> {
  const given = await types.request("give_dataclass", {}, { timeout: 500 });
  const items: Item[] = given.items;
  const price: number = await types.request("may with data", order);
  const structs: { name: string; price: number }[] = await types.request("give_structs");
  // @ts-expect-error a number is no text
  const wrong: string = await types.request("may with data", order);
  // @ts-expect-error an order has no such field
  console.log(given.total);
  // @ts-expect-error there is no such event
  await types.request("give_datacls");
  // @ts-expect-error the data are wrong
  await types.request("order_dataclass", { items: 1 });
  const rich = await types.request("be_rich", null as never);
  // @ts-expect-error a tuple has two members
  rich.point[2];
  if (rich.pet.kind === "cat") return String(rich.pet.lives + items.length + price + structs.length);
  return wrong;
}

export async function readParts(): Promise<string> {
  let names = "";
  for await (const { name, price } of types.stream("give_parts")) names += name.repeat(price);
  // @ts-expect-error a part has no such field
  for await (const { colour } of types.stream("give_parts")) names += colour;
  // @ts-expect-error it takes no data
  types.stream("give_parts", { some: "thing" });
  // @ts-expect-error there is no such event
  types.stream("give_part");
  // @ts-expect-error the reply itself is empty: what there is comes in parts
  const { name } = (await types.request("give_parts")) satisfies { name: string };
  return names + name;
}

sends.on("said", ({ text }) => text.trim());
sends.once("warning", ({ code, message }) => code + message);
sends.on("open", (event) => event.preventDefault());
sends.on("close", ({ code }) => code.toFixed());
sends.on("*", (event) => event.trim());
sends.off("said");
// @ts-expect-error there is no such event
sends.on("says", () => {});
// @ts-expect-error a text has no such method
sends.on("said", ({ text }) => text.toFixed());
// @ts-expect-error it has no such field
sends.on("said", ({ words }) => words);

const named = new TornadoWebSocket<Named>("/named");
named.emit("anything at all", { some: "thing" });
const long: Promise<number> = named.request("x".repeat(128) as never);
const guarded: Promise<unknown> = new TornadoWebSocket<GuardedEventsRoom>("/guarded-events/lobby").request("now and then");
export { long, guarded, RequestError };

const untyped = new TornadoWebSocket("/chat");
untyped.on("whatever", (data) => data.text);
untyped.emit("whatever", 42);
export const answer: Promise<{ sum: number }> = untyped.request<{ sum: number }>("whatever");
