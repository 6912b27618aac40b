// Keeps a view connected: by the way that works, and again by itself when the connection breaks, later and later.
import type { TransportChoice } from "./choice";
import { ConnectError, type Endpoint } from "./request";
import type { Transport, TransportHandlers, TransportKind, Wishes } from "./transport";
import type { ClientEvent } from "./wire";

export type SessionState = "idle" | "connecting" | "connected" | "reconnecting" | "unauthorized";

const FIRST_DELAY_S = 0.5;
const LAST_DELAY_S = 5;

/**
 * How long to wait before the attempt after `failures` failed ones: 0.5 s, doubling to 5 s, or longer where the server
 * asked for it. `chance` (0..1) spreads it by a fifth, so that many clients do not all return in the same instant.
 */
export function backOffS(failures: number, retryAfterS: number | null, chance: number): number {
  const delay = Math.min(FIRST_DELAY_S * 2 ** Math.max(failures - 1, 0), LAST_DELAY_S);
  return Math.max(delay * (1 - 0.2 * chance), retryAfterS ?? 0);
}

export interface SessionHandlers extends Omit<TransportHandlers, "lost" | "reached"> {
  /** Another connection begins. */
  beginning(): void;
  /** There is no such view (any more). True to try again at once, with another endpoint. */
  gone(): boolean;
  /** The stream is about to end: the last moment to keep its picture. */
  leaving(): void;
  state(state: SessionState, note: string): void;
}

/** What a session needs of the world. */
export interface SessionWorld {
  endpoint(): Endpoint;
  wishes(): Wishes;
  choice: TransportChoice;
  hasWebRtc: boolean;
  /** Wall time, milliseconds. */
  wallMs(): number;
  make(kind: TransportKind, endpoint: Endpoint, handlers: TransportHandlers, wishes: Wishes): Transport;
}

/** One try to connect, and what became of it. */
interface Attempt {
  kind: TransportKind;
  wishes: Wishes;
  /** WebRTC was tried before it, and did not come about. */
  fellBack: boolean;
  over: boolean;
  opened: boolean;
  patience: ReturnType<typeof setTimeout> | undefined;
}

export class Session {
  state: SessionState = "idle";
  private connection: Transport | null = null;
  private attempt: Attempt | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private failures = 0;
  private everConnected = false;

  constructor(
    private readonly world: SessionWorld,
    private readonly handlers: SessionHandlers,
  ) {}

  /** The connection, while there is one; it may not be open yet. */
  get transport(): Transport | null {
    return this.connection;
  }

  /** Connects now, whatever was before. */
  start(): void {
    this.drop();
    this.failures = 0;
    void this.connect();
  }

  /** Ends the connection and stays away. */
  stop(): void {
    this.drop();
    this.become("idle", "");
  }

  /** Tries at once when it waits to try again, as when the network is back; else asks whether the server is there. */
  hurry(): void {
    if (this.timer === undefined) return this.connection?.doubt();
    clearTimeout(this.timer);
    void this.connect();
  }

  /** The server said hello: the connection is good. */
  greeted(): void {
    this.failures = 0;
    this.everConnected = true;
    this.become("connected", "");
  }

  send(event: ClientEvent, on: "events" | "motion" = "events"): boolean {
    return this.connection?.send(event, on) ?? false;
  }

  /** Takes up what is wished now: within the connection where that can be, else by connecting anew. */
  wished(): void {
    const { attempt, connection } = this;
    const { transport, encoding } = this.world.wishes();
    const stays = transport === attempt?.wishes.transport && attempt.opened;
    if (!stays || connection?.encode === undefined) return this.start();
    attempt.wishes = { transport, encoding };
    void connection.encode(encoding);
  }

  private drop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.connection !== null) this.handlers.leaving();
    if (this.attempt !== null) {
      this.attempt.over = true;
      clearTimeout(this.attempt.patience);
    }
    this.attempt = null;
    this.connection?.close();
    this.connection = null;
  }

  private async connect(instead?: TransportKind): Promise<void> {
    const { world } = this;
    this.timer = undefined;
    const wishes = world.wishes();
    const kind = instead ?? world.choice.first(wishes, world.hasWebRtc, world.wallMs());
    const fellBack = instead !== undefined;
    const attempt: Attempt = { kind, wishes, fellBack, over: false, opened: false, patience: undefined };
    this.attempt = attempt;
    this.become(this.everConnected ? "reconnecting" : "connecting", "");
    this.handlers.beginning();
    try {
      const connection = world.make(kind, world.endpoint(), this.handlersFor(attempt), wishes);
      this.connection = connection;
      const patienceMs = world.choice.patienceMs(wishes, kind);
      if (patienceMs !== null) attempt.patience = setTimeout(() => this.unmade(attempt, "late"), patienceMs);
      await connection.connect();
    } catch (error) {
      if (!attempt.over) this.failed(attempt, error);
    }
  }

  /** What an abandoned attempt still has to say is not for this session any more. */
  private handlersFor(attempt: Attempt): TransportHandlers {
    const { handlers } = this;
    return {
      message: (message) => attempt.over || handlers.message(message),
      video: (stream) => attempt.over || handlers.video(stream),
      picture: (...picture) => attempt.over || handlers.picture(...picture),
      reached: () => clearTimeout(attempt.patience),
      open: () => {
        if (attempt.over) return;
        attempt.opened = true;
        this.world.choice.made(attempt.kind, attempt.fellBack, this.world.wallMs());
        handlers.open();
      },
      lost: (error) => {
        // A way that was never found says nothing of the server; one that was and broke may be found again.
        if (!attempt.over)
          this.failed(attempt, attempt.opened ? error : new ConnectError("unreachable", error.message));
      },
    };
  }

  /** Tries the other way at once, where there is one. */
  private unmade(attempt: Attempt, why: ConnectError["kind"] | "late"): boolean {
    const next = attempt.opened ? null : this.world.choice.after(attempt.wishes, attempt.kind, why);
    if (next === null) return false;
    this.drop();
    void this.connect(next);
    return true;
  }

  private failed(attempt: Attempt, error: unknown): void {
    const known = error instanceof ConnectError ? error : new ConnectError("network", String(error));
    if (this.unmade(attempt, known.kind)) return;
    if (known.kind === "unauthorized") {
      this.drop();
      this.become("unauthorized", known.message);
    } else if (known.kind === "gone" && this.handlers.gone()) {
      this.drop();
      void this.connect();
    } else {
      this.retry(known);
    }
  }

  private retry(error: ConnectError): void {
    this.drop();
    this.failures += 1;
    this.become(this.everConnected ? "reconnecting" : "connecting", error.message);
    const delayS = backOffS(this.failures, error.retryAfterS, Math.random());
    this.timer = setTimeout(() => void this.connect(), delayS * 1000);
  }

  private become(state: SessionState, note: string): void {
    this.state = state;
    this.handlers.state(state, note);
  }
}
