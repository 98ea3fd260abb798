// Components of React, with the types of one WebSocket and without any.

import { useTornadoWebSocket } from "../../../tornado_websockets/static/tornado_websockets/react.mjs";

/** As `manage.py websockets --typescript` writes it. */
interface Chat {
  on: { said: { text: string } };
  emit: { say: { data: { text: string }; reply: { id: number } } };
}

/** React's, of which there are no types here. */
declare function useEffect(effect: () => void | (() => void), deps: unknown[]): void;

export function Component(): string {
  const { last, on, status, emit, request, people } = useTornadoWebSocket<Chat>("/chat", { reconnect_delay: 100 });
  useEffect(() => on("said", ({ text }) => console.log(text.length)), [on]);
  useEffect(() => on("reconnected", ({ recovered }) => console.log(recovered)), [on]);
  emit("say", { text: "hi" });
  const answer: Promise<{ id: number }> = request("say", { text: "hi" });
  // @ts-expect-error no such event
  last("sayd");
  // @ts-expect-error no such event
  emit("said", { text: "hi" });
  // @ts-expect-error other data
  emit("say", { txt: "hi" });
  // @ts-expect-error no such option
  useTornadoWebSocket("/chat", { hostname: "example.com" });
  // @ts-expect-error there may be none yet
  const text: string = last("said").text;
  return `${last("said")?.text} ${status === "open"} ${people.get(1)?.info} ${answer} ${text}`;
}

export function Untyped(): string {
  const { last, emit } = useTornadoWebSocket("/chat");
  emit("anything", "hi");
  return last("whatever").message;
}
