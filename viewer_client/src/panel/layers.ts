// The controls of one layer: an image with its channels, or a segmentation.
import { html, nothing, type TemplateResult } from "lit";
import type { Path } from "../patch";
import type { Channel, ChannelSummary, ImageLayer, LabelLayer, LayerSummary } from "../wire";
import "./slider";
import "./window";
import { colorOf, hexOf, stepFor } from "./numbers";
import type { Put } from "./panel";

const percent = (value: number): string => `${Math.round(100 * value)} %`;

export function toggle(label: string, on: boolean, put: (on: boolean) => void): TemplateResult {
  return html`<input
    class="switch"
    type="checkbox"
    role="switch"
    aria-label=${label}
    .checked=${on}
    @change=${(event: Event) => put((event.target as HTMLInputElement).checked)}
  />`;
}

function opacitySlider(value: number, path: Path, put: Put): TemplateResult {
  return html`<hosta-slider
    label="Opacity"
    .value=${value}
    .words=${percent}
    @hosta-input=${(event: CustomEvent<number>) => put([...path, "opacity"], event.detail)}
  ></hosta-slider>`;
}

function channelControls(
  channel: Channel,
  summary: ChannelSummary | undefined,
  whole: boolean,
  path: Path,
  put: Put,
): TemplateResult {
  const name = channel.name || summary?.name || `Channel ${Number(path.at(-1)) + 1}`;
  const range = summary?.range ?? channel.window;
  const color = hexOf(channel.color);
  const setColor = (event: Event): void => {
    put([...path, "color"], colorOf((event.target as HTMLInputElement).value));
    // A colour that is chosen is meant to be seen: it takes the place of a colour map.
    if (channel.color_map !== null) put([...path, "color_map"], null);
  };
  return html`<fieldset class="channel" data-off=${channel.visible ? nothing : ""}>
    <legend class="row">
      <input type="color" aria-label=${`Colour of ${name}`} .value=${color} @input=${setColor} />
      <span class="name" title=${name}>${name}</span>
      ${channel.color_map === null ? nothing : html`<span class="map">${channel.color_map}</span>`}
      ${toggle(`Show ${name}`, channel.visible, (on) => put([...path, "visible"], on))}
    </legend>
    ${
      channel.visible
        ? html`<hosta-window
              numbers
              label=${`Window of ${name}`}
              .range=${range}
              .value=${channel.window}
              .step=${stepFor(range, whole)}
              .histogram=${summary?.histogram ?? []}
              .histogramRange=${range}
              .color=${color}
              @hosta-input=${(event: CustomEvent) => put([...path, "window"], event.detail)}
            ></hosta-window>
            ${opacitySlider(channel.opacity, path, put)}`
        : nothing
    }
  </fieldset>`;
}

/** What the data is, in a line, e.g. `361 × 432 × 432 · uint8 · level 1 of 3`; shape as x, y, z. */
function facts(summary: LayerSummary): string {
  const shape = [...summary.shape].reverse().join(" × ");
  const level = summary.n_levels > 1 ? ` · level ${summary.level + 1} of ${summary.n_levels}` : "";
  return `${shape} · ${summary.dtype}${level}`;
}

/** Controls for the layer at `index` of the state. */
export function layerControls(
  layer: ImageLayer | LabelLayer,
  summary: LayerSummary | undefined,
  index: number,
  put: Put,
): TemplateResult {
  const path = ["layers", index];
  const name = layer.name || summary?.name || `Layer ${index + 1}`;
  const whole = /int|bool/.test(summary?.dtype ?? "");
  return html`<div class="layer">
    <div class="row">
      <div class="title">
        <h3 title=${name}>${name}</h3>
        ${summary ? html`<p>${facts(summary)}</p>` : nothing}
      </div>
      ${toggle(`Show ${name}`, layer.visible, (on) => put([...path, "visible"], on))}
    </div>
    ${layer.visible ? body(layer, summary, path, whole, put) : nothing}
  </div>`;
}

function body(
  layer: ImageLayer | LabelLayer,
  summary: LayerSummary | undefined,
  path: Path,
  whole: boolean,
  put: Put,
): unknown {
  if (layer.kind === "labels") return opacitySlider(layer.opacity, path, put);
  return layer.channels.map((channel, c) =>
    channelControls(channel, summary?.channels[c], whole, [...path, "channels", c], put),
  );
}
