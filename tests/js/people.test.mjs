// Who is here.

import assert from "node:assert/strict";
import { test } from "node:test";

import { next, setUp } from "./setup.mjs";

const person = (id, name, connections = 1) => ({ id, info: { name }, connections });

async function setUpPeople(t) {
  const { server, connect } = await setUp(t);
  const tws = connect();
  const client = await server.client();
  await next(tws, "open");
  const tell = async (data) => {
    const heard = next(tws, "presence");
    client.send("presence", data);
    assert.deepEqual(await heard, data);
    return [...tws.people.values()];
  };
  return { tws, tell, client };
}

test("first it is told who is here, then who has come, gone or changed", async (t) => {
  const { tws, tell } = await setUpPeople(t);
  const { people } = tws;
  assert.deepEqual([people.size, tws.people_count], [0, 0]);
  assert.deepEqual(await tell({ people: [person(1, "Ana"), person("x", "Ben")] }), [person(1, "Ana"), person("x", "Ben")]);
  assert.equal(people.get(1).info.name, "Ana");
  await tell({ joined: [person(2, "Cem")], left: ["x"], changed: [person(1, "Anna", 2)] });
  assert.deepEqual([...people], [
    [1, person(1, "Anna", 2)],
    [2, person(2, "Cem")],
  ]);
  assert.deepEqual([tws.people, tws.people_count], [people, 2]);
});

test("what is told twice is true once", async (t) => {
  const { tell } = await setUpPeople(t);
  await tell({ people: [person(1, "Ana"), person(2, "Ben")] });
  const news = { joined: [person(2, "Ben"), person(3, "Cem")], left: [1], changed: [] };
  assert.deepEqual(await tell(news), await tell(news));
});

test("who has left and is back at once is here", async (t) => {
  const { tell } = await setUpPeople(t);
  await tell({ people: [person(1, "Ana")] });
  assert.deepEqual(await tell({ joined: [person(1, "Ana", 2)], left: [1], changed: [] }), [person(1, "Ana", 2)]);
});

test("on the next connection all is told anew", async (t) => {
  const { tws, tell, client } = await setUpPeople(t);
  await tell({ people: [person(1, "Ana")] });
  client.socket.destroy();
  await next(tws, "reconnected");
  assert.equal(tws.people.size, 1); // until it is told
  const heard = next(tws, "presence");
  client.server.connections[1].send("presence", { people: [person(2, "Ben")] });
  await heard;
  assert.deepEqual([...tws.people.keys()], [2]);
});

test("where people are only counted, it knows how many", async (t) => {
  const { tws, tell } = await setUpPeople(t);
  assert.deepEqual(await tell({ count: 3 }), []);
  assert.equal(tws.people_count, 3);
  await tell({ count: 0 });
  assert.equal(tws.people_count, 0);
});

test("an event of that name that is the application's own does no harm", async (t) => {
  const { tell } = await setUpPeople(t);
  for (const data of [{ people: 3 }, { people: ["Ana", null] }, { joined: "x", left: 7 }, {}, undefined])
    await tell(data);
});
