// One WebRTC connection to the server, from the offer to the end: video in, two data channels, WHEP-shaped signalling.
import { decodesFullChroma } from "./decoder";
import { BEAT_MS, Pulse } from "./pulse";
import { receptionOf, type Totals } from "./reception";
import { ConnectError, request, type Endpoint } from "./request";
import type { Encoding, Reception, Transport, TransportHandlers } from "./transport";
import type { ClientEvent, ServerMessage } from "./wire";

const GATHERING_MS = 1000;
const CONNECTING_MS = 10_000;
/** ICE calls a connection "disconnected" when it may still come back; after this long it is taken for lost. */
const DISCONNECTED_MS = 2000;
function serversOf(config: unknown): RTCIceServer[] {
  const servers = (config as { ice_servers?: unknown } | null)?.ice_servers;
  return Array.isArray(servers) ? (servers as RTCIceServer[]) : [];
}

/** The wished codec before all else; H.264 where nothing is wished. */
function prefer(transceiver: RTCRtpTransceiver, encoding: Encoding | null): void {
  const codecs = RTCRtpReceiver.getCapabilities("video")?.codecs ?? [];
  const type = encoding === "vp8" ? "video/vp8" : "video/h264";
  const first = codecs.filter((codec) => codec.mimeType.toLowerCase() === type);
  if (first.length === 0) return;
  transceiver.setCodecPreferences([...first, ...codecs.filter((codec) => !first.includes(codec))]);
}

/** What an answer without any address means: the server has no way for a direct connection. */
function hasCandidates(sdp: string): boolean {
  return /^a=candidate:/m.test(sdp);
}

function gathered(peer: RTCPeerConnection): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, GATHERING_MS);
    const check = (): void => {
      if (peer.iceGatheringState !== "complete") return;
      clearTimeout(timer);
      resolve();
    };
    peer.addEventListener("icegatheringstatechange", check);
    check();
  });
}

export function hasWebRtc(): boolean {
  return "RTCPeerConnection" in globalThis;
}

export class WebRtcTransport implements Transport {
  readonly kind = "webrtc";
  readonly encoding: Encoding | null;
  private readonly peer: RTCPeerConnection;
  private readonly events: RTCDataChannel;
  private readonly motion: RTCDataChannel;
  private readonly abort = new AbortController();
  private readonly pulse = new Pulse();
  private id: string | null = null;
  private over = false;
  private timers: ReturnType<typeof setTimeout>[] = [];
  private totals: Totals | null = null;

  /** `encoding` null leaves the choice among the codecs of both sides to them. */
  constructor(
    private readonly endpoint: Endpoint,
    private readonly handlers: TransportHandlers,
    wish: Encoding | "auto",
  ) {
    this.encoding = wish === "auto" || wish === "jpeg" || wish === "webp" ? null : wish;
    this.peer = new RTCPeerConnection();
    const transceiver = this.peer.addTransceiver("video", { direction: "recvonly" });
    prefer(transceiver, this.encoding);
    // Nothing is held back to smooth the playback: the newest picture is the right one.
    if ("jitterBufferTarget" in transceiver.receiver) transceiver.receiver.jitterBufferTarget = 0;
    this.events = this.peer.createDataChannel("events", { ordered: true });
    this.motion = this.peer.createDataChannel("motion", { ordered: false, maxRetransmits: 0 });
    for (const channel of [this.events, this.motion]) {
      channel.addEventListener("message", (event) => this.receive(event.data));
    }
    this.events.addEventListener("open", () => this.opened());
    this.events.addEventListener("close", () => this.lose("The server closed the connection."));
    this.peer.addEventListener("iceconnectionstatechange", () => {
      if (["connected", "completed"].includes(this.peer.iceConnectionState)) handlers.reached();
    });
    this.peer.addEventListener("track", (event) => {
      handlers.video(event.streams[0] ?? new MediaStream([event.track]));
    });
    this.peer.addEventListener("connectionstatechange", () => this.watch());
  }

  send(event: ClientEvent, on: "events" | "motion" = "events"): boolean {
    const channel = on === "motion" && this.motion.readyState === "open" ? this.motion : this.events;
    if (channel.readyState !== "open") return false;
    channel.send(JSON.stringify(event));
    return true;
  }

  close(): void {
    if (!this.over) this.end();
  }

  doubt(): void {
    if (this.events.readyState !== "open") return;
    this.pulse.doubt(performance.now());
    this.ping();
  }

  async reception(): Promise<Reception> {
    const { figures, totals } = receptionOf(await this.peer.getStats(), this.totals);
    this.totals = totals;
    return figures;
  }

  /** Asks how to connect, makes the offer, gets the answer. */
  async connect(): Promise<void> {
    const { signal } = this.abort;
    const config: unknown = await (await request(this.endpoint, "config", { signal })).json();
    this.peer.setConfiguration({ iceServers: serversOf(config) });
    await this.peer.setLocalDescription();
    await gathered(this.peer);
    const { view, size } = this.endpoint;
    const { encoding } = this;
    const canDecode = encoding !== "h264_444" || (await decodesFullChroma());
    const query = new URLSearchParams({
      ...(view === null ? {} : { view }),
      ...(size === null ? {} : { width: String(size.width), height: String(size.height) }),
      ...(encoding === null || !canDecode ? {} : { encoding }),
    });
    const response = await request(this.endpoint, `whep?${query}`, {
      method: "POST",
      headers: { "content-type": "application/sdp" },
      body: this.peer.localDescription?.sdp ?? "",
      signal,
    });
    // Only the last part: the server may be behind a proxy and not know where its own paths start.
    this.id = (response.headers.get("location") ?? "").split("?")[0]!.split("/").filter(Boolean).at(-1) ?? null;
    const sdp = await response.text();
    if (this.over) {
      this.sayGoodbye();
      return;
    }
    if (!hasCandidates(sdp)) throw new ConnectError("unreachable", "The server offers no way for a direct connection.");
    await this.peer.setRemoteDescription({ type: "answer", sdp });
    this.after(CONNECTING_MS, () => {
      if (this.events.readyState === "connecting") {
        this.lose("No direct connection to the server could be made; a firewall may hold back UDP.");
      }
    });
  }

  private opened(): void {
    this.handlers.reached();
    this.handlers.open();
    this.beat();
  }

  private beat(): void {
    if (this.over) return;
    if (this.pulse.isDead(performance.now())) {
      this.lose("The server does not answer any more.");
      return;
    }
    this.ping();
    this.after(BEAT_MS, () => this.beat());
  }

  private ping(): void {
    this.send({ type: "ping", client_ms: performance.now() });
  }

  private receive(data: unknown): void {
    if (this.over || typeof data !== "string") return;
    this.pulse.heard();
    this.handlers.message(JSON.parse(data) as ServerMessage);
  }

  private watch(): void {
    const state = this.peer.connectionState;
    if (state === "failed" || state === "closed") this.lose("The connection to the server broke.");
    if (state === "disconnected") {
      this.after(DISCONNECTED_MS, () => {
        if (this.peer.connectionState === "disconnected") this.lose("The connection to the server broke.");
      });
    }
  }

  private after(delayMs: number, act: () => void): void {
    this.timers.push(
      setTimeout(() => {
        if (!this.over) act();
      }, delayMs),
    );
    if (this.timers.length > 32) this.timers.splice(0, 16);
  }

  private lose(reason: string): void {
    if (this.over) return;
    // First the word, then the end: the last picture can still be kept.
    this.handlers.lost(new ConnectError("network", reason));
    this.close();
  }

  private end(): void {
    this.over = true;
    for (const timer of this.timers) clearTimeout(timer);
    this.abort.abort();
    this.sayGoodbye();
    this.peer.close();
  }

  private sayGoodbye(): void {
    if (this.id === null) return;
    const path = `whep/${encodeURIComponent(this.id)}`;
    this.id = null;
    // Nobody waits for the answer: the server notices by itself when this does not arrive.
    request(this.endpoint, path, { method: "DELETE", keepalive: true }).catch(() => undefined);
  }
}
