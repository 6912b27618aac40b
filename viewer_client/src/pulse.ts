// Whether the other side still lives: something must be heard of it within some seconds of a ping.

export const BEAT_MS = 1000;
/** A server that does not answer a ping for so long is gone. */
const SILENCE_MS = 4000;
/** So long it has when there is reason to doubt: the network changed, or the machine slept. */
const DOUBT_MS = 1500;
/** A timer that is so late says that the machine slept, or that the page was held. */
const LATE_MS = 3000;

export class Pulse {
  private asked: number | null = null;
  private beatMs: number | null = null;
  private patienceMs = SILENCE_MS;

  /** Something came from the server. */
  heard(): void {
    this.asked = null;
    this.patienceMs = SILENCE_MS;
  }

  /** Once a second: whether to give up, else a ping is to be sent. */
  isDead(nowMs: number): boolean {
    // After a sleep all questions are old, whatever became of their answers: it gets another chance, but a short one.
    if (this.beatMs !== null && nowMs - this.beatMs > LATE_MS) this.doubt(nowMs);
    this.beatMs = nowMs;
    if (this.asked !== null && nowMs - this.asked >= this.patienceMs) return true;
    this.asked ??= nowMs;
    return false;
  }

  /** Gives it little time from now on. */
  doubt(nowMs: number): void {
    this.asked = nowMs;
    this.patienceMs = DOUBT_MS;
  }
}
