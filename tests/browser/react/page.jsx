// A page of React whose five lines, and what else it has, are about one path.

import { StrictMode, useEffect, useState } from "react";
import { createRoot } from "react-dom/client";
import { useTornadoWebSocket } from "django-tornado-websockets-channels/react";

/** Those of the tests' site, or of a server that the page says. */
const { path = "/room", event = "said" } = document.getElementById("root").dataset;
const QUICK = { reconnect_delay: 100 };

/** What the tests look at. */
window.heard = [];
window.rendered = 0;
window.frames = 0;
const count = () => requestAnimationFrame(() => ((window.frames += 1), count()));
count();

function Line() {
  const { last, status } = useTornadoWebSocket(path, QUICK);
  const said = last(event);
  useEffect(() => {
    if (said) window.rendered += 1;
  }, [said]);
  return <li className="line">{`${status}: ${said?.text ?? "nothing"}`}</li>;
}

function Hearing() {
  const { on } = useTornadoWebSocket(path.slice(1), QUICK);
  useEffect(() => on(event, hear), [on]);
  return null;
}

/** The same function, whatever component hears by it. */
const hear = ({ text, html }) => window.heard.push(text ?? html);

function People() {
  const { people } = useTornadoWebSocket(path, QUICK);
  return <p id="people">{[...people.values()].map(({ info }) => info).join(" ")}</p>;
}

/** It renders nothing of what comes. */
function Quiet() {
  const { emit, request } = useTornadoWebSocket(path, QUICK);
  const [answer, setAnswer] = useState("");
  window.quiet = (window.quiet ?? 0) + 1;
  useEffect(() => void emit("hello", { name: "Ana" }), [emit]);
  const ask = () =>
    request("ask", { n: 1 }).then(
      ({ n }) => setAnswer(`${n}`),
      ({ code }) => setAnswer(code),
    );
  return <button onClick={ask}>{`Ask ${answer}`}</button>;
}

function Page() {
  const [isShown, setShown] = useState(true);
  window.show = setShown;
  if (!isShown) return <p>Nothing</p>;
  const lines = [1, 2, 3, 4, 5].map((number) => <Line key={number} />);
  return (
    <>
      <ul>{lines}</ul>
      <Hearing />
      <Hearing />
      <People />
      <Quiet />
    </>
  );
}

createRoot(document.getElementById("root")).render(
  <StrictMode>
    <Page />
  </StrictMode>,
);
