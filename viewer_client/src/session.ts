// Keeps a view connected: connects, and connects again by itself when the connection breaks, later and later.
import { ConnectError, WhepConnection, type Endpoint, type WhepHandlers } from "./whep";
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

export interface SessionHandlers extends Omit<WhepHandlers, "lost"> {
  /** There is no such view (any more). True to try again at once, with another endpoint. */
  gone(): boolean;
  /** The stream is about to end: the last moment to keep its picture. */
  leaving(): void;
  state(state: SessionState, note: string): void;
}

export class Session {
  state: SessionState = "idle";
  private connection: WhepConnection | null = null;
  private attempt: AbortController | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private failures = 0;
  private everConnected = false;

  constructor(
    private readonly endpoint: () => Endpoint,
    private readonly handlers: SessionHandlers,
  ) {}

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

  /** Tries at once when it waits to try again, as when the network is back. */
  hurry(): void {
    if (this.timer === undefined) return;
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

  private drop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.connection !== null) this.handlers.leaving();
    this.attempt?.abort();
    this.attempt = null;
    this.connection?.close();
    this.connection = null;
  }

  private async connect(): Promise<void> {
    this.timer = undefined;
    const attempt = new AbortController();
    this.attempt = attempt;
    this.become(this.everConnected ? "reconnecting" : "connecting", "");
    // What an abandoned attempt still has to say is not for this session any more.
    const handlers: WhepHandlers = {
      message: (message) => attempt.signal.aborted || this.handlers.message(message),
      video: (stream) => attempt.signal.aborted || this.handlers.video(stream),
      open: () => attempt.signal.aborted || this.handlers.open(),
      lost: (reason) => attempt.signal.aborted || this.retry(new ConnectError("network", reason)),
    };
    try {
      const connection = await WhepConnection.prepare(this.endpoint(), handlers, attempt.signal);
      if (attempt.signal.aborted) return connection.close();
      this.connection = connection;
      await connection.negotiate();
    } catch (error) {
      if (!attempt.signal.aborted) this.failed(error);
    }
  }

  private failed(error: unknown): void {
    const known = error instanceof ConnectError ? error : new ConnectError("network", String(error));
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
