// Tells the server about every half second how its pictures come, while there are any.
import type { Session } from "./session";
import type { FrameLog } from "./stats";

const REPORT_EVERY_MS = 500;

export class Reports {
  private timer: ReturnType<typeof setInterval> | undefined;
  private shown = 0;

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
    const shown = log.framesPresented - this.shown;
    if (transport === null || session.state !== "connected") return;
    const reception = await transport.reception();
    this.shown = log.framesPresented;
    if (reception.framesReceived === 0 && shown === 0) return;
    log.came(reception);
  }
}
