// What a page of the example may not do. The other scripts of this program are the pages' own.

import { TornadoWebSocket } from "../../../tornado_websockets/static/tornado_websockets/tornadowebsocket.mjs";

/** @import { Assistant, Chat } from "websockets" */

/** @type {TornadoWebSocket<Chat>} */
const chat = new TornadoWebSocket("/chat");
/** @type {TornadoWebSocket<Assistant>} */
const assistant = new TornadoWebSocket("/assistant");

chat.on("welcome", ({ people, messages }) => `${people[0].name} ${messages[0].at.trim()}`);
// @ts-expect-error there is no such event
chat.on("welcomed", () => {});
// @ts-expect-error a person has no such field
chat.on("joined", ({ nickname }) => nickname);
// @ts-expect-error the server takes no such event
chat.emit("shout", { text: "Hello" });
// @ts-expect-error a message has a text
chat.emit("say", { message: "Hello" });

/** @returns {Promise<number>} */
export async function say() {
  // @ts-expect-error the reply has no such field
  console.log((await chat.request("say", { text: "Hello" })).text);
  // @ts-expect-error a part is a text
  for await (const word of assistant.stream("ask", { question: "Why?" })) word.toFixed();
  // @ts-expect-error a page of history is no number
  if (chat.state === "closed") return chat.request("history", { before: 1 });
  return (await chat.request("say", { text: "Hello" })).id;
}
