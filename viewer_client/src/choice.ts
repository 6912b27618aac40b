// Which way to take to the server: WebRTC where it works, else a WebSocket. Pure: times and what was remembered come in.
import type { ConnectError } from "./request";
import type { Encoding, TransportKind, Wishes } from "./transport";

/** ICE that is not connected so long after the start is not waited for. */
export const PATIENCE_MS = 2500;
/** That WebRTC does not work here is believed for so long; then it gets another chance, at the next connect. */
const BELIEVED_MS = 5 * 60_000;

/** When an earlier connection found that WebRTC does not work, on the wall's clock; null where that is not remembered. */
export function failedAtMs(text: string | null): number | null {
  const atMs = Number(text || Number.NaN);
  return Number.isFinite(atMs) ? atMs : null;
}

const ONLY_ON_WEBSOCKET: readonly (Encoding | "auto")[] = ["jpeg", "webp"];

export class TransportChoice {
  /** `memory` is read when a connection begins, and written when one is made; "" forgets. */
  constructor(private readonly memory: { text: string | null }) {}

  /** The way to begin with. */
  first(wishes: Wishes, hasWebRtc: boolean, wallMs: number): TransportKind {
    if (wishes.transport !== "auto") return wishes.transport;
    if (!hasWebRtc || ONLY_ON_WEBSOCKET.includes(wishes.encoding)) return "websocket";
    const atMs = failedAtMs(this.memory.text);
    const believed = atMs !== null && wallMs >= atMs && wallMs - atMs < BELIEVED_MS;
    return believed ? "websocket" : "webrtc";
  }

  /** How long to wait for a way to be found before another one is tried; null: until it says that it failed. */
  patienceMs(wishes: Wishes, kind: TransportKind): number | null {
    return wishes.transport === "auto" && kind === "webrtc" ? PATIENCE_MS : null;
  }

  /**
   * The way to try at once after `kind` did not come about; null: none, wait and begin again. `why` is "late" when
   * patience ended. A server that says no, or does not answer at all, would do so on any way.
   */
  after(wishes: Wishes, kind: TransportKind, why: ConnectError["kind"] | "late"): TransportKind | null {
    if (wishes.transport !== "auto" || kind !== "webrtc") return null;
    return why === "late" || why === "unreachable" || why === "refused" ? "websocket" : null;
  }

  /** A connection was made; `fellBack` when WebRTC was tried before it. */
  made(kind: TransportKind, fellBack: boolean, wallMs: number): void {
    if (kind === "webrtc") this.memory.text = "";
    else if (fellBack) this.memory.text = String(wallMs);
  }
}
