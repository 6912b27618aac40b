// The card of figures: where the time between a movement and its picture goes, and how the pictures come.
import { css, html, nothing, type TemplateResult } from "lit";
import { median, type Stats } from "./stats";
import type { Wishes } from "./transport";

type Row = [name: string, value: string | TemplateResult, title?: string];

const WAYS: Record<Wishes["transport"], string> = { auto: "Automatic", webrtc: "WebRTC", websocket: "WebSocket" };
const CODINGS: Record<Wishes["encoding"], string> = {
  auto: "Automatic",
  h264: "H.264",
  h264_444: "H.264 4:4:4",
  vp8: "VP8",
  jpeg: "JPEG",
  webp: "WebP",
};

const ms = (value: number | null | undefined): string => (value == null ? "–" : `${value.toFixed(1)} ms`);

/** A percentage; some is not nothing. */
function percent(share: number): string {
  const value = 100 * share;
  return `${value > 0 && value < 1 ? "< 1" : Math.round(value)} %`;
}

/** A choice; what "Automatic" came to stands beside it. */
function choice<T extends string>(
  name: string,
  words: Record<T, string>,
  chosen: T,
  came: T | null,
  choose: (value: T) => void,
): TemplateResult {
  const label = (value: T): string =>
    value === "auto" && chosen === value && came !== null ? `${words[value]}: ${words[came]}` : words[value];
  return html`<select
    aria-label=${name}
    @change=${(event: Event) => choose((event.target as HTMLSelectElement).value as T)}
  >
    ${(Object.keys(words) as T[]).map(
      (value) => html`<option value=${value} ?selected=${value === chosen}>${label(value)}</option>`,
    )}
  </select>`;
}

function pictureRows({ frame, fps, still, framesPresented, framesDropped }: Stats): Row[] {
  return [
    ["Picture", frame ? `${frame.width}×${frame.height}, drawn at ${Math.round(frame.scale * 100)} %` : "–"],
    ["Samples per pixel", frame ? `${frame.samples} of ${frame.target_samples}${still ? ", without loss" : ""}` : "–"],
    ...(frame && frame.active_share < 1
      ? ([["Still sampled", `${percent(frame.active_share)} of the picture`]] as Row[])
      : []),
    ...(frame && frame.missing > 0 ? ([["Loading", `${frame.missing} bricks`]] as Row[]) : []),
    ["Frames per second", String(fps)],
    ["Frames shown, dropped", `${framesPresented}, ${framesDropped}`],
  ];
}

function timeRows(stats: Stats): Row[] {
  const { frame } = stats;
  const recent = stats.latencyMs.slice(-60);
  const worst = recent.length ? Math.max(...recent) : null;
  return [
    ["Movement to picture", `${ms(median(recent))}, at most ${ms(worst)}`, "From sending a camera to its frame"],
    ["Render", ms(frame?.render_ms)],
    ["Read back", ms(frame?.readback_ms)],
    ["Encode", ms(frame?.encode_ms)],
    ["Send and wait", ms(stats.shareMs), "What a movement takes beside rendering, reading back, encoding and decoding"],
    ["Decode", ms(stats.decodeMs)],
    ["Display", ms(stats.displayMs), "From drawing a frame until the browser takes it up"],
  ];
}

function networkRows(stats: Stats): Row[] {
  return [
    ["Video", `${(stats.bitrate / 1e6).toFixed(2)} Mbit/s`],
    ["Round trip", ms(stats.roundTripMs)],
    ["Loss, jitter", `${stats.lost === null ? "–" : percent(stats.lost)}, ${ms(stats.jitterMs)}`],
  ];
}

export function statistics(
  stats: Stats,
  server: string,
  wishes: Wishes,
  wish: (wishes: Wishes) => void,
): TemplateResult {
  const way = choice("Transport", WAYS, wishes.transport, stats.transport, (transport) =>
    wish({ ...wishes, transport }),
  );
  const coding = choice("Encoding", CODINGS, wishes.encoding, stats.encoding, (encoding) =>
    wish({ ...wishes, encoding }),
  );
  const parts: Row[][] = [
    pictureRows(stats),
    timeRows(stats),
    [["Transport", way], ["Encoding", coding], ...networkRows(stats), ["Server", server]],
  ];
  return html`<div class="statistics-place">
    <div class="card statistics" role="group" aria-label="Statistics">
      ${parts.map(
        (rows) =>
          html`<dl>
            ${rows.map(
              ([name, value, title]) =>
                html`<dt title=${title ?? nothing}>${name}</dt>
                  <dd class="number">${value}</dd>`,
            )}
          </dl>`,
      )}
    </div>
  </div>`;
}

export const statisticsStyles = css`
  .statistics-place {
    position: absolute;
    inset: 60px 12px 12px;
    container-type: size;
    pointer-events: none;
  }
  .statistics {
    top: 0;
    right: 0;
    box-sizing: border-box;
    max-width: 100%;
    max-height: 100%;
    padding: 12px 16px;
    font-size: 12px;
    display: grid;
    gap: 9px 24px;
  }
  .statistics dl {
    display: grid;
    grid-template-columns: 1fr auto;
    gap: 3px 18px;
    align-content: start;
    margin: 0;
  }
  .statistics dl + dl {
    border-top: 1px solid rgb(255 255 255 / 14%);
    padding-top: 9px;
  }
  .statistics dt {
    color: var(--quiet);
  }
  .statistics dd {
    margin: 0;
    text-align: right;
  }
  .statistics select {
    font: inherit;
    color: var(--text);
    background: rgb(255 255 255 / 10%);
    border: 0;
    border-radius: 5px;
    padding: 0 3px;
    max-width: 175px;
    pointer-events: auto;
  }
  .statistics option {
    color: #eef3f6;
    background: #1b2229;
  }
  /* Where all rows do not fit below each other: beside each other, and what is still too much scrolls. */
  @container (max-height: 420px) {
    .statistics {
      overflow-y: auto;
      overscroll-behavior: contain;
      pointer-events: auto;
    }
  }
  @container (max-height: 420px) and (min-width: 720px) {
    .statistics {
      grid-template-columns: repeat(3, auto);
    }
    .statistics dl + dl {
      border-top: 0;
      padding-top: 0;
    }
  }
`;
