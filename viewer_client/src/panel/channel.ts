// The controls of one channel of an image, as a card that can be folded.
import { html, nothing, type TemplateResult } from "lit";
import type { Path } from "../patch";
import { nameOfRule, ruleOfKind, shownWindow } from "../window-rules";
import type { Channel, ChannelSummary, PercentileRule } from "../wire";
import "./color-choice";
import type { ChosenColors } from "./colors";
import {
  colorInput,
  fold,
  foldButton,
  percent,
  row,
  select,
  slide,
  switchRow,
  toggle,
  type Context,
  type Options,
} from "./controls";
import { countsInside, nodesOf, type CurveNode } from "./curve";
import "./curve-editor";
import { materialControls } from "./material-controls";
import { hexOf, readable, stepFor } from "./numbers";
import "./window";

const RULES: Options = {
  manual: "By hand",
  level: "Level and width",
  isovalue: "Around one value",
  percentile: "Percentiles",
  "From the data": {
    "auto:hosta": "As at first",
    "auto:imagej": "ImageJ's auto contrast",
    "auto:otsu": "Otsu's threshold",
    "auto:minmax": "Whole range",
    "auto:best_fit": "Without the extremes",
    "auto:mode": "Most frequent values",
  },
};
const GRADIENT_CURVE: readonly CurveNode[] = [
  [0, 0],
  [0.2, 1],
];

/** Which channel of which layer a card is for. */
export interface ChannelPlace {
  channel: Channel;
  summary: ChannelSummary | undefined;
  /** Whether the data are whole numbers. */
  whole: boolean;
  path: Path;
  /** Whether the card is open until somebody chose. */
  open: boolean;
}

export function channelName(channel: Channel, summary: ChannelSummary | undefined, path: Path): string {
  return channel.name || summary?.name || `Channel ${Number(path.at(-1)) + 1}`;
}

export function channelCard(context: Context, place: ChannelPlace): TemplateResult {
  const { put, folds } = context;
  const { channel, path } = place;
  const name = channelName(channel, place.summary, path);
  const id = path.join("-");
  const open = channel.visible && folds.isOpen(id, place.open);
  return html`<fieldset class="card" data-off=${channel.visible ? nothing : ""}>
    <legend class="row">
      ${colorInput(`Colour of ${name}`, channel.color, (color) => put([...path, "color"], color))}
      ${
        channel.visible
          ? foldButton(folds, id, name, place.open)
          : html`<span class="name" title=${name}>${name}</span>`
      }
      ${toggle(`Show ${name}`, channel.visible, (on) => put([...path, "visible"], on))}
    </legend>
    <div id=${id} class="body" ?hidden=${!open}>${open ? body(context, place, name, id) : nothing}</div>
  </fieldset>`;
}

function body(context: Context, place: ChannelPlace, name: string, id: string): unknown {
  const { put, folds, state } = context;
  const { channel, summary, path } = place;
  return [
    colors(context, place, name),
    windowControls(context, place, name),
    slide(put, { label: "Opacity", of: name, path: [...path, "opacity"], value: channel.opacity, words: percent }),
    state.rendering.mode === "isosurface" ? isovalue(context, place, name) : nothing,
    channel.rule?.kind === "isovalue"
      ? nothing
      : fold(folds, `${id}-curve`, "Curve", () => curveControls(context, place, name)),
    fold(folds, `${id}-material`, "Material", () => [
      materialControls(channel.material, [...path, "material"], name, put),
      switchRow("Cut by box and planes", channel.clipped, (on) => put([...path, "clipped"], on), name),
    ]),
    summary === undefined ? html`<p class="hint">There is no histogram of this channel.</p>` : nothing,
  ];
}

function colors({ put, standard }: Context, { channel, path }: ChannelPlace, name: string): TemplateResult {
  const chosen = ({ detail }: CustomEvent<ChosenColors>): void => {
    const had = channel.color_map !== null || channel.colors.length > 0;
    const has = detail.color_map !== null || detail.colors.length > 0;
    put([...path, "color_map"], detail.color_map);
    put([...path, "colors"], detail.colors);
    // The channel's colour tints all others: a map that is chosen is meant to be seen as it is.
    if (has && !had) put([...path, "color"], [1, 1, 1]);
    if (had && !has) put([...path, "color"], plainColor(standard, path) ?? channel.color);
  };
  return html`<hosta-colors
    .name=${name}
    .color=${channel.color}
    .value=${{ color_map: channel.color_map, colors: channel.colors }}
    @hosta-input=${chosen}
  ></hosta-colors>`;
}

/** The colour that the scene gave the channel. */
function plainColor(standard: Context["standard"], path: Path): Channel["color"] | undefined {
  const layer = standard.layers[Number(path[1])];
  return layer?.kind === "image" ? layer.channels[Number(path[3])]?.color : undefined;
}

function windowControls({ put }: Context, place: ChannelPlace, name: string): unknown {
  const { channel, summary, path, whole } = place;
  const { rule } = channel;
  const window = shownWindow(channel, summary);
  const range = summary?.range ?? channel.window;
  const chosen = (kind: string): void => {
    const next = ruleOfKind(kind, window ?? channel.window);
    put([...path, "rule"], next);
    // By hand it goes on from what was seen.
    if (next === null && window !== null) put([...path, "window"], window);
  };
  const moved = ({ detail: [low, high] }: CustomEvent<[number, number]>): void => {
    const [middle, width] = [(low + high) / 2, high - low];
    if (rule?.kind === "level") put([...path, "rule"], { ...rule, level: middle, window: width });
    else if (rule?.kind === "isovalue") put([...path, "rule"], { ...rule, value: middle, range: width });
    else put([...path, "window"], [low, high]);
  };
  const byHand = rule === null || rule.kind === "level" || rule.kind === "isovalue";
  return [
    row("Window", select(`Rule of the window of ${name}`, nameOfRule(rule), RULES, chosen)),
    html`<hosta-window
      numbers
      ?fixed=${!byHand}
      label=${`Window of ${name}`}
      .range=${range}
      .value=${window ?? range}
      .step=${stepFor(range, whole)}
      .histogram=${summary?.histogram ?? []}
      .histogramRange=${range}
      .curve=${window === null || rule?.kind === "isovalue" ? [] : nodesOf(channel.curve)}
      .color=${hexOf(channel.color)}
      @hosta-input=${moved}
    ></hosta-window>`,
    rule?.kind === "percentile" ? percentiles(rule, name, (next) => put([...path, "rule"], next)) : nothing,
  ];
}

function percentiles(rule: PercentileRule, name: string, put: (rule: PercentileRule) => void): TemplateResult {
  const words = (value: number): string => `${readable(value, 3)} %`;
  return html`<div class="crop">
    <span class="name">Percentiles</span>
    <output class="number">${words(rule.low)} – ${words(rule.high)}</output>
    <hosta-window
      label=${`Percentiles of ${name}`}
      .range=${[0, 100]}
      .value=${[rule.low, rule.high]}
      .step=${0.1}
      .words=${words}
      @hosta-input=${({ detail: [low, high] }: CustomEvent<[number, number]>) => put({ ...rule, low, high })}
    ></hosta-window>
  </div>`;
}

function isovalue({ put }: Context, { channel, summary, path, whole }: ChannelPlace, name: string): TemplateResult {
  const window = shownWindow(channel, summary) ?? channel.window;
  const [min, max] = summary?.range ?? window;
  const value = channel.isovalue ?? (window[0] + window[1]) / 2;
  return slide(put, {
    label: "Isovalue",
    of: name,
    path: [...path, "isovalue"],
    value,
    min: Math.min(min, value),
    max: Math.max(max, value),
    step: stepFor([min, max], whole),
    words: (number) => readable(number),
  });
}

function curveControls({ put }: Context, place: ChannelPlace, name: string): unknown {
  const { channel, summary, path } = place;
  const window = shownWindow(channel, summary);
  const counts = summary && window ? countsInside(summary.histogram, summary.range, window, place.whole ? 1 : 0) : [];
  const gradient = channel.gradient_curve;
  return [
    html`<hosta-curve
      label=${`Curve of ${name}`}
      .nodes=${nodesOf(channel.curve)}
      .histogram=${counts}
      .color=${hexOf(channel.color)}
      @hosta-input=${(event: CustomEvent) => put([...path, "curve"], event.detail)}
    ></hosta-curve>`,
    html`<div class="row">
      <p class="hint">A double click adds or removes a node.</p>
      ${
        channel.curve.length > 0
          ? html`<button class="link" aria-label=${`Ramp for ${name}`} @click=${() => put([...path, "curve"], [])}>
              Ramp
            </button>`
          : nothing
      }
    </div>`,
    switchRow(
      "Only where values change",
      gradient.length > 0,
      (on) => put([...path, "gradient_curve"], on ? GRADIENT_CURVE : []),
      name,
    ),
    gradient.length > 0
      ? html`<hosta-curve
            label=${`Curve over the gradient of ${name}`}
            .nodes=${gradient}
            .color=${hexOf(channel.color)}
            @hosta-input=${(event: CustomEvent) => put([...path, "gradient_curve"], event.detail)}
          ></hosta-curve>
          <p class="hint">Factor of the opacity, from no change to one window a voxel.</p>`
      : nothing,
  ];
}
