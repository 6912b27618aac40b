// What a pick found, in words beside the picture, and the mark on the place.
import { css, html, nothing, svg, type TemplateResult } from "lit";
import { closeIcon } from "./icons";
import { hexOf, lengths } from "./panel/numbers";
import { segmentOf, type Readout, type Tool } from "./tools";
import type { Pick, PickedLayer, PointAnnotation } from "./wire";

const KINDS: Record<Pick["kind"], string> = {
  nothing: "Nothing here",
  medium: "Volume",
  surface: "Surface",
  label: "Segment",
  slice: "Slice",
  projection: "Projection",
};

const HINTS: Record<Tool, string> = {
  turn: "",
  pick: "Click on the picture to see what is there.",
  annotate: "Click on the picture to put a point there.",
};

export interface ReadoutActions {
  focus(): void;
  annotate(): void;
  rename(id: string, label: string): void;
  remove(id: string): void;
  close(): void;
}

/** A small disc of a colour: as SVG, for a page may forbid inline styles. */
export const swatch = (color: readonly number[]): TemplateResult =>
  html`<svg class="swatch" viewBox="0 0 10 10" width="11" height="11" aria-hidden="true">
    ${svg`<circle cx="5" cy="5" r="4.5" fill=${hexOf(color)} />`}
  </svg>`;

/** What was met, in a few words. */
export function titleOf(pick: Pick): string {
  const layer = pick.layers.find((one) => one.source === pick.layer);
  const segment = segmentOf(pick);
  if (layer?.segment && segment) return segment.name || `Segment ${segment.id}`;
  const channel = pick.channel === null ? undefined : layer?.channels[pick.channel];
  return channel?.name ?? KINDS[pick.kind];
}

function layerRows(layer: PickedLayer): TemplateResult {
  const segment = layer.segment ?? layer.exact_segment;
  return html`
    <dt class="layer" title=${layer.name}>${layer.name}</dt>
    <dd class="number quiet">${layer.finest_zyx.join(", ")}${layer.level > 0 ? ` · level ${layer.level}` : nothing}</dd>
    ${layer.channels.map(
      (channel) =>
        html`<dt>${channel.name}</dt>
          <dd class="number">${channel.exact ?? channel.value}</dd>`,
    )}
    ${
      layer.kind === "labels"
        ? html`<dt>${segment ? html`${swatch(segment.color)} ${segment.name || "segment"}` : "background"}</dt>
            <dd class="number">${segment?.id ?? nothing}</dd>`
        : nothing
    }
  `;
}

export function readout(
  tool: Tool,
  shown: Readout | null,
  annotation: PointAnnotation | null,
  spanUm: number,
  does: ReadoutActions,
): TemplateResult | typeof nothing {
  if (tool === "turn") return nothing;
  if (shown === null) return html`<div class="card readout hint">${HINTS[tool]}</div>`;
  const { pick } = shown;
  const segment = segmentOf(pick);
  const position = pick.position_um;
  // On the other side of what was asked, so that it does not cover it.
  const side = `${shown.at.x > 0 ? "left" : "right"} ${shown.at.y > 0 ? "high" : "low"}`;
  return html`<section class=${`card readout ${side}`} aria-label="What is there">
    <header>
      <strong aria-live=${shown.pinned ? "polite" : "off"}>
        ${segment && pick.kind === "label" ? swatch(segment.color) : nothing} ${titleOf(pick)}
      </strong>
      <button aria-label="Close" title="Close (Escape)" @click=${does.close}>${closeIcon}</button>
    </header>
    ${
      position === null || tool === "annotate"
        ? nothing
        : html`<dl>
            <dt>x, y, z</dt>
            <dd class="number">${lengths(position, spanUm)}</dd>
            <dt>Voxel</dt>
            <dd class="quiet">z, y, x</dd>
            ${pick.layers.map(layerRows)}
          </dl>`
    }
    ${
      shown.annotation === null
        ? nothing
        : html`<div class="row">
            <input
              type="text"
              maxlength="200"
              aria-label="Label of the point"
              placeholder="Label"
              .value=${annotation?.label ?? ""}
              ?disabled=${annotation === null}
              @change=${(event: Event) => does.rename(shown.annotation!, (event.target as HTMLInputElement).value)}
            />
            <button class="small" ?disabled=${annotation === null} @click=${() => does.remove(shown.annotation!)}>
              Remove
            </button>
          </div>`
    }
    ${
      position !== null && shown.pinned
        ? html`<div class="row">
            <button class="small" title="Make the lens sharp here" @click=${does.focus}>Focus here</button>
            ${
              shown.annotation === null
                ? html`<button class="small" title="Put a point here" @click=${does.annotate}>Annotate here</button>`
                : nothing
            }
          </div>`
        : nothing
    }
  </section>`;
}

/** A small cross on the place, in a drawing as large as the stage whose middle is (0, 0). */
export function marker(shown: Readout | null, width: number, height: number): TemplateResult | typeof nothing {
  if (!shown?.pinned || !shown.here || width < 1 || height < 1) return nothing;
  const { x, y } = shown.at;
  const cross = `M${x - 9} ${y}h6m6 0h6M${x} ${y - 9}v6m0 6v6`;
  return html`<svg class="marker" viewBox=${`${-width / 2} ${-height / 2} ${width} ${height}`} aria-hidden="true">
    ${svg`<path d=${cross} stroke="#000" stroke-width="3.4" opacity="0.55" /><path d=${cross} stroke="#fff" stroke-width="1.4" />`}
  </svg>`;
}

export const readoutStyles = css`
  .marker {
    position: absolute;
    inset: 0;
    width: 100%;
    height: 100%;
    pointer-events: none;
    fill: none;
    stroke-linecap: round;
  }
  .readout {
    left: 12px;
    bottom: 48px;
    padding: 10px 12px;
    width: min(300px, calc(100% - 24px));
    max-height: calc(100% - 120px);
    overflow: auto;
    font-size: 12px;
  }
  .readout.right {
    left: auto;
    right: 12px;
  }
  @media (max-width: 600px) {
    .readout:not(.hint) {
      max-height: calc(50% - 60px);
    }
    .readout.high {
      top: 56px;
      bottom: auto;
    }
  }
  .readout.hint {
    width: auto;
    color: var(--quiet);
    pointer-events: none;
  }
  .readout header {
    display: flex;
    gap: 8px;
    justify-content: space-between;
    align-items: flex-start;
    font-size: 13px;
  }
  .readout strong {
    overflow-wrap: anywhere;
  }
  .swatch {
    flex: none;
    vertical-align: -1px;
  }
  .readout header button {
    flex: none;
    width: 24px;
    height: 20px;
  }
  .readout dl {
    display: grid;
    grid-template-columns: minmax(0, 1fr) auto;
    gap: 2px 12px;
    margin: 6px 0 0;
  }
  .readout dt {
    color: var(--quiet);
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .readout dt.layer {
    color: var(--text);
    font-weight: 600;
    margin-top: 4px;
  }
  .readout dt.layer + dd {
    margin-top: 4px;
  }
  .readout dd {
    margin: 0;
    text-align: right;
    overflow-wrap: anywhere;
  }
  .readout .row {
    display: flex;
    gap: 6px;
    margin-top: 8px;
  }
  .readout input {
    flex: 1;
    min-width: 0;
    font: inherit;
    color: inherit;
    background: rgb(255 255 255 / 10%);
    border: 1px solid rgb(255 255 255 / 18%);
    border-radius: 6px;
    padding: 5px 8px;
  }
  .readout button.small {
    padding: 5px 10px;
    background: rgb(255 255 255 / 12%);
  }
  .readout button.small:hover {
    background: rgb(255 255 255 / 20%);
  }
`;
