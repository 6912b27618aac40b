// What a page that embeds the view imports: registers <hosta-view> and <hosta-panel>.
export { HostaView } from "./hosta-view";
export { HostaPanel } from "./panel/panel";
export { logIn } from "./login";
export { pageTheme } from "./theme";
export type { SessionState } from "./session";
export type { Stats } from "./stats";
export type * from "./wire";
