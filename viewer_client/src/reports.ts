// Tells the server about every half second how its pictures come, while there are any.
import type { Session } from "./session";
import type { FrameLog } from "./stats";
import type { Reception, TransportKind } from "./transport";
import type { ReportEvent } from "./wire";

const REPORT_EVERY_MS = 500;

/** What the server is told of a reception in which `shown` frames came to the screen. */
export function reportOf(transport: TransportKind, reception: Reception, shown: number): ReportEvent {
  return {
    type: "report",
    transport,
    frames_received: reception.framesReceived,
    frames_shown: shown,
    frames_dropped: reception.framesDropped,
    bytes_received: reception.bytesReceived,
    lost: reception.lost,
    jitter_ms: reception.jitterMs,
    round_trip_ms: reception.roundTripMs,
    decode_ms: reception.decodeMs,
    queue: reception.queue,
    freeze_ms: reception.freezeMs,
  };
}

export class Reports {
  private timer: ReturnType<typeof setInterval> | undefined;
  private counted = 0;

  constructor(
    private readonly log: FrameLog,
    private readonly session: Session,
  ) {}

  start(): void {
    clearInterval(this.timer);
    this.timer = setInterval(() => void this.report(), REPORT_EVERY_MS);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private async report(): Promise<void> {
    const { session, log } = this;
    const { transport } = session;
    if (transport === null || session.state !== "connected") return;
    const reception = await transport.reception();
    const shown = log.framesPresented - this.counted;
    this.counted = log.framesPresented;
    if (transport !== session.transport || (reception.framesReceived === 0 && shown === 0)) return;
    log.came(reception);
    session.send(reportOf(transport.kind, reception, shown));
  }
}
