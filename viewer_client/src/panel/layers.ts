// The controls of the layers: images with their channels, and segmentations.
import { html, nothing, type TemplateResult } from "lit";
import type { Path } from "../patch";
import type { LabelLayer, LayerSummary } from "../wire";
import { channelCard } from "./channel";
import { choice, fold, percent, slide, switchRow, toggle, type Context } from "./controls";
import { materialControls } from "./material-controls";
import "./segments";

/** With more channels than this the cards are folded at first. */
const OPEN_CARDS = 3;

const LABEL_STYLES = { solid: "Solid", translucent: "Translucent", contour: "Contours" };
const LABEL_COLORS = { file: "Of the file", hash: "By number", glasbey: "Most distinct" };

/** What the data is, in a line, e.g. `361 × 432 × 432 · uint8 · level 1 of 3`; shape as x, y, z. */
function facts(summary: LayerSummary): string {
  const shape = [...summary.shape].reverse().join(" × ");
  const level = summary.n_levels > 1 ? ` · level ${summary.level + 1} of ${summary.n_levels}` : "";
  return `${shape} · ${summary.dtype}${level}`;
}

export function layerName(context: Context, index: number): string {
  return context.state.layers[index]!.name || context.scene.layers[index]?.name || `Layer ${index + 1}`;
}

/** Controls for the layers, and for the time where there is more than one point of it. */
export function layerControls(context: Context): unknown {
  const { state, scene, put } = context;
  const last = scene.n_times - 1;
  return [
    last > 0
      ? slide(put, {
          label: "Time point",
          path: ["time"],
          value: state.time,
          max: last,
          step: 1,
          words: (time) => `${time + 1} of ${last + 1}`,
        })
      : nothing,
    state.layers.map((_, i) => layer(context, i)),
  ];
}

function layer(context: Context, index: number): TemplateResult {
  const found = context.state.layers[index]!;
  const summary = context.scene.layers[index];
  const path = ["layers", index];
  const name = layerName(context, index);
  return html`<div class="layer">
    <div class="row">
      <div class="title">
        <h3 title=${name}>${name}</h3>
        ${summary ? html`<p>${facts(summary)}</p>` : nothing}
      </div>
      ${toggle(`Show ${name}`, found.visible, (on) => context.put([...path, "visible"], on))}
    </div>
    ${found.visible ? body(context, index, path, name) : nothing}
  </div>`;
}

function body(context: Context, index: number, path: Path, name: string): unknown {
  const found = context.state.layers[index]!;
  const summary = context.scene.layers[index];
  if (found.kind === "labels") return labelControls(context, found, path, name);
  return found.channels.map((channel, c) =>
    channelCard(context, {
      channel,
      summary: summary?.channels[c],
      whole: /int|bool/.test(summary?.dtype ?? ""),
      path: [...path, "channels", c],
      open: found.channels.length <= OPEN_CARDS,
    }),
  );
}

function labelControls(context: Context, labels: LabelLayer, path: Path, name: string): TemplateResult {
  const { put, folds, patch, searchSegments } = context;
  return html`<div class="card">
    ${choice(put, "Style", [...path, "style"], labels.style, LABEL_STYLES, name)}
    ${choice(put, "Colours", [...path, "colors"], labels.colors, LABEL_COLORS, name)}
    ${slide(put, { label: "Opacity", of: name, path: [...path, "opacity"], value: labels.opacity, words: percent })}
    ${
      labels.shown === "all"
        ? nothing
        : slide(put, {
            label: "Opacity of the rest",
            of: name,
            path: [...path, "rest_opacity"],
            value: labels.rest_opacity,
            words: percent,
          })
    }
    ${fold(
      folds,
      `${path.join("-")}-segments`,
      "Segments",
      () =>
        html`<hosta-segments
          .name=${name}
          .layer=${labels}
          .path=${path}
          .patch=${patch}
          .search=${searchSegments}
        ></hosta-segments>`,
      true,
    )}
    ${fold(folds, `${path.join("-")}-material`, "Material", () => [
      materialControls(labels.material, [...path, "material"], name, put),
      switchRow("Cut by box and planes", labels.clipped, (on) => put([...path, "clipped"], on), name),
    ])}
  </div>`;
}
