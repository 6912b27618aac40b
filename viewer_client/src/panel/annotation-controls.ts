// The list of the scene's annotations: name, find, remove.
import { html, nothing, type TemplateResult } from "lit";
import { removeIcon } from "../icons";
import { swatch } from "../readout";
import type { PointAnnotation } from "../wire";
import { iconButton, switchRow, type Context } from "./controls";
import { lengths } from "./numbers";

/** More than these are not listed; they are in the picture all the same. */
const LISTED = 200;

function entry(context: Context, point: PointAnnotation, number: number): TemplateResult {
  const { box_lo: lo, box_hi: hi } = context.scene;
  const span = Math.max(...hi.map((part, axis) => part - lo[axis]!));
  const place = lengths(point.position, span);
  return html`<div class="row annotation">
    <span title=${place}>${swatch(point.color)}</span>
    <input
      type="text"
      maxlength="200"
      placeholder=${place}
      title=${place}
      aria-label=${`Label of point ${number + 1}`}
      .value=${point.label}
      @change=${(event: Event) => context.rename(point.id, (event.target as HTMLInputElement).value)}
    />
    ${iconButton(removeIcon, `Remove point ${number + 1}`, () => context.remove(point.id))}
  </div>`;
}

export function annotationControls(context: Context): unknown {
  const { state, put, annotations } = context;
  return [
    switchRow("In the picture", state.guides.annotations, (on) => put(["guides", "annotations"], on), "annotations"),
    annotations.length === 0
      ? html`<p class="quiet">Choose the pin above the picture (m), then click where a point is to be.</p>`
      : nothing,
    annotations.slice(0, LISTED).map((point, number) => entry(context, point, number)),
    annotations.length > LISTED ? html`<p class="quiet">and ${annotations.length - LISTED} more</p>` : nothing,
  ];
}
