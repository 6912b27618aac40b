// The page around the view: logs in, then puts the view and its panel in their places.
import { HostaPanel, HostaView, logIn, pageTheme } from "./element";
import "./page.css";

function part<T extends HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found as T;
}

if (pageTheme.styleSheet) document.adoptedStyleSheets.push(pageTheme.styleSheet);

const base = new URL(".", document.baseURI);
const name = part("scene");
const connection = part("connection");
const toggle = part<HTMLButtonElement>("toggle");
const body = document.body;
const narrow = matchMedia("(max-width: 760px)");

function showPanel(shown: boolean): void {
  body.dataset.panel = shown ? "shown" : "hidden";
  toggle.setAttribute("aria-expanded", String(shown));
}

const CONNECTION_WORDS = {
  idle: "Not connected",
  connecting: "Connecting",
  connected: "Connected",
  reconnecting: "Reconnecting",
  unauthorized: "Locked",
};

async function start(): Promise<void> {
  const problem = await logIn(base);
  const view = new HostaView();
  const asked = new URLSearchParams(location.search);
  view.view = asked.get("view");
  view.transport = asked.get("transport");
  view.encoding = asked.get("encoding");
  view.addEventListener("hosta-connected", () => {
    const title = view.scene?.name ?? "";
    name.textContent = title;
    name.title = title;
    document.title = `${title} – Hosta`;
  });
  view.addEventListener("hosta-connection", () => {
    connection.dataset.state = view.state;
    connection.textContent = CONNECTION_WORDS[view.state];
  });
  part("view").append(view);
  const panel = new HostaPanel();
  panel.view = view;
  part("panel").append(panel);
  await view.updateComplete;
  // Ready for the keyboard, without a ring that nobody asked for.
  const quietly: FocusOptions & { focusVisible: boolean } = { preventScroll: true, focusVisible: false };
  view.focus(quietly);
  if (problem !== null) view.notify(problem);
  // A new link, pasted over the old one, only changes the fragment.
  addEventListener("hashchange", () => {
    void logIn(base).then((trouble) => {
      if (trouble !== null) view.notify(trouble);
      view.connect();
    });
  });
}

toggle.addEventListener("click", () => showPanel(body.dataset.panel !== "shown"));
narrow.addEventListener("change", () => showPanel(!narrow.matches));
showPanel(!narrow.matches);
await start();
