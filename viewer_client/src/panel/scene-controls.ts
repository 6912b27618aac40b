// The controls that belong to the whole picture: how matter scatters, how it is computed, how it is shown, guides.
import { html, nothing } from "lit";
import { anySlice, slicesOn } from "../slices";
import type { Guides, Rendering } from "../wire";
import { choice, colorField, fold, percent, row, select, slide, switchRow, type Context } from "./controls";
import { readable } from "./numbers";

export function shadingControls({ state: { shading }, put }: Context): unknown {
  return [
    slide(put, {
      label: "Density",
      path: ["shading", "density"],
      value: shading.density,
      min: 1,
      max: 1e5,
      scale: "log",
    }),
    choice(put, "Scattering", ["shading", "mode"], shading.mode, {
      mixed: "Surfaces and mist",
      brdf: "Surfaces",
      phase: "Mist",
    }),
    shading.mode === "mixed"
      ? slide(put, {
          label: "Surfaces from gradients",
          path: ["shading", "gradient_factor"],
          value: shading.gradient_factor,
          min: 0.01,
          max: 1000,
          scale: "log",
        })
      : nothing,
    shading.mode === "brdf"
      ? nothing
      : slide(put, {
          label: "Forward scattering",
          path: ["shading", "anisotropy"],
          value: shading.anisotropy,
          min: -0.95,
          max: 0.95,
        }),
  ];
}

export function pictureControls({ state: { display, samples }, put }: Context): unknown {
  const stops = (value: number): string => `${value > 0 ? "+" : ""}${readable(value, 2)} EV`;
  const spp = (power: number): string => (Number.isInteger(power) ? `${2 ** power} spp` : `${samples} spp`);
  return [
    slide(put, {
      label: "Exposure",
      path: ["display", "exposure"],
      value: display.exposure,
      min: -6,
      max: 6,
      step: 0.1,
      words: stops,
    }),
    slide(put, {
      label: "Quality",
      path: ["samples"],
      value: Math.log2(samples),
      max: 14,
      step: 1,
      words: spp,
      put: (power) => 2 ** power,
    }),
    choice(put, "Tone map", ["display", "tone_map"], display.tone_map, {
      filmic: "Filmic",
      agx: "AgX",
      exponential: "Exponential",
      agave: "AGAVE's",
      linear: "Linear",
    }),
    colorField(put, "Background", ["display", "background"], display.background),
  ];
}

const MODES = {
  path: "Path tracing",
  march: "Ray march",
  isosurface: "Isosurfaces",
  slices: "Slices",
  Projection: { maximum: "Maximum", minimum: "Minimum", average: "Average" },
};

export function renderingControls(context: Context): unknown {
  const { state, put, folds } = context;
  const { rendering } = state;
  const traces = rendering.mode === "path";
  const mode = (chosen: string): void => {
    put(["rendering", "mode"], chosen);
    // Without a slice there would be nothing to see.
    if (chosen === "slices" && !anySlice(state.slices)) put(["slices"], slicesOn(state.slices, null));
  };
  return [
    row("Mode", select("Mode", rendering.mode, MODES, mode)),
    traces
      ? slide(put, {
          label: "Scatterings",
          path: ["rendering", "scatterings"],
          value: rendering.scatterings,
          max: 64,
          min: 1,
          scale: "log",
          words: (count) => (count < 2 ? "single" : `up to ${Math.round(count)}`),
          put: Math.round,
        })
      : nothing,
    choice(put, "Mixing", ["rendering", "mixing"], rendering.mixing, {
      physical: "Physical",
      max: "Strongest",
      additive: "Additive",
    }),
    choice(put, "Between voxels", ["rendering", "interpolation"], rendering.interpolation, {
      linear: "Smooth",
      nearest: "Blocks",
    }),
    traces ? switchRow("Denoise", rendering.denoise, (on) => put(["rendering", "denoise"], on)) : nothing,
    fold(folds, "rendering-advanced", "Advanced", () => advanced(context, rendering)),
  ];
}

const orNone = (value: number): string => (value === 0 ? "none" : readable(value, 3));

function advanced({ put }: Context, rendering: Rendering): unknown {
  if (rendering.mode !== "path") {
    return slide(put, {
      label: "Step",
      path: ["rendering", "step_vox"],
      value: rendering.step_vox,
      min: 0.05,
      max: 4,
      scale: "log",
      words: (value) => `${readable(value, 2)} voxels`,
    });
  }
  return [
    slide(put, {
      label: "Stop below a noise of",
      path: ["rendering", "noise_threshold"],
      value: rendering.noise_threshold,
      max: 0.1,
      step: 0.002,
      words: (part) => (part === 0 ? "never" : `${readable(100 * part, 2)} %`),
    }),
    choice(put, "Sampler", ["rendering", "sampler"], rendering.sampler, {
      sobol: "Sobol, blue noise",
      independent: "Independent",
    }),
    choice(put, "Direct light", ["rendering", "direct"], rendering.direct, {
      mis: "Combined",
      light: "By lights",
      bsdf: "By surfaces",
    }),
    switchRow("Reference, without limits", rendering.reference, (on) => put(["rendering", "reference"], on)),
    rendering.reference
      ? nothing
      : [
          slide(put, {
            label: "Limit of fireflies",
            path: ["rendering", "firefly_limit"],
            value: rendering.firefly_limit,
            max: 100,
            step: 1,
            words: orNone,
          }),
          slide(put, {
            label: "Limit of extinction",
            path: ["rendering", "extinction_cap"],
            value: rendering.extinction_cap,
            max: 32,
            step: 0.5,
            words: orNone,
          }),
        ],
  ];
}

const GUIDE_WORDS: readonly [keyof Guides & ("box" | "ticks" | "axes" | "scale_bar" | "time_stamp"), string][] = [
  ["box", "Box"],
  ["ticks", "Ticks"],
  ["axes", "Axes"],
  ["scale_bar", "Scale bar"],
  ["time_stamp", "Time stamp"],
];

export function guideControls({ state: { guides }, put }: Context): unknown {
  const anyText = guides.ticks || guides.axes || guides.scale_bar || guides.time_stamp;
  return [
    GUIDE_WORDS.map(([key, label]) => switchRow(label, guides[key], (on) => put(["guides", key], on))),
    guides.time_stamp
      ? choice(put, "Time as", ["guides", "time_format"], guides.time_format, {
          clock: "Clock",
          unit: "Number and unit",
        })
      : nothing,
    anyText || guides.box ? guideColor({ put }, guides) : nothing,
    anyText
      ? slide(put, {
          label: "Size of text",
          path: ["guides", "text_scale"],
          value: guides.text_scale,
          min: 0.25,
          max: 4,
          step: 0.05,
          words: percent,
        })
      : nothing,
  ];
}

/** Light or dark, whichever stands out, or a colour of their own. */
function guideColor({ put }: Pick<Context, "put">, { color }: Guides): unknown {
  const own = (on: boolean): void => put(["guides", "color"], on ? [1, 1, 1] : null);
  return [
    switchRow("Colour of their own", color !== null, own, "guides"),
    color === null ? nothing : colorField(put, "Colour", ["guides", "color"], color, "the guides"),
  ];
}

/** Notes about the scene. */
export function notes(list: readonly string[]): unknown {
  return list.length > 0
    ? html`<ul class="notes">
        ${list.map((note) => html`<li>${note}</li>`)}
      </ul>`
    : nothing;
}
