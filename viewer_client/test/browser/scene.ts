// A scene as a server would describe it: one image with two channels and a segmentation.
import type { ChannelSummary, HelloMessage, Material, ViewState } from "../../src/wire";

const bell = (at: number, width: number, height: number): number[] =>
  Array.from({ length: 128 }, (_, i) => Math.round(height * Math.exp(-(((i - at) / width) ** 2))));
const sum = (...lists: number[][]): number[] =>
  lists[0]!.map((_, i) => lists.reduce((total, list) => total + list[i]!, 0));

const MATERIAL: Material = {
  specular: 0.15,
  specular_color: [1, 1, 1],
  roughness: 0.45,
  emission: [0, 0, 0],
  emission_strength: 1,
};
const PLAIN = {
  colors: [],
  rule: null,
  curve: [],
  gradient_curve: [],
  isovalue: null,
  material: MATERIAL,
  clipped: true,
};

const STATISTICS: Pick<ChannelSummary, "percentiles" | "auto_windows" | "whole"> = {
  percentiles: [
    [0, 0],
    [100, 4095],
  ],
  auto_windows: { minmax: [0, 4095] },
  whole: true,
};

export const STATE: ViewState = {
  version: 1,
  camera: {
    position: [50, 40, -170],
    focal_point: [50, 40, 30],
    view_up: [0, -1, 0],
    view_angle: 30,
    projection: "perspective",
    parallel_scale: 60,
    aperture: 0,
    focus_distance: null,
    stereo: "off",
    eye_separation: 1 / 30,
  },
  layers: [
    {
      kind: "image",
      source: "cell.ome.zarr",
      name: "cell.ome.zarr",
      visible: true,
      channels: [
        {
          name: "membrane",
          visible: true,
          color: [0.45, 0.85, 1],
          color_map: null,
          window: [400, 2600],
          opacity: 1,
          ...PLAIN,
        },
        {
          name: "nucleus",
          visible: false,
          color: [1, 0.55, 0.35],
          color_map: "magma",
          window: [120, 900],
          opacity: 0.6,
          ...PLAIN,
        },
      ],
    },
    {
      kind: "labels",
      source: "cell-labels.ome.zarr",
      name: "mitochondria",
      visible: true,
      opacity: 0.8,
      colors: "file",
      shown: "all",
      listed: [],
      rest_opacity: 0,
      segment_colors: {},
      segment_opacities: {},
      highlight: { ids: [], color: [1, 1, 1], strength: 0.6 },
      merged: {},
      style: "solid",
      material: MATERIAL,
      clipped: true,
    },
  ],
  time: 0,
  crop: { lo: [0, 0, 0], hi: [1, 1, 1] },
  clip_planes: [],
  slices: { x: null, y: null, z: null, planes: [], opacity_by_curve: false },
  flip: [false, false, false],
  shading: { density: 400, mode: "mixed", gradient_factor: 1, anisotropy: 0 },
  lighting: {
    lights: [
      {
        kind: "rectangle",
        visible: true,
        azimuth: -35,
        elevation: 40,
        distance: 2,
        position: null,
        target: null,
        color: [1, 0.97, 0.92],
        intensity: 1.9,
        follow_camera: true,
        width: 0.7,
        height: 0.7,
        up: null,
        seen: false,
      },
    ],
    sky: {
      visible: true,
      top: [0.75, 0.84, 1],
      middle: [0.6, 0.62, 0.66],
      bottom: [0.36, 0.33, 0.32],
      intensity: 0.8,
      environment: null,
      follow_camera: true,
      rotation: [0, 0, 0, 1],
      seen: false,
    },
  },
  rendering: {
    mode: "path",
    scatterings: 1,
    mixing: "physical",
    interpolation: "linear",
    step_vox: 0.5,
    sampler: "sobol",
    direct: "mis",
    firefly_limit: 20,
    extinction_cap: 4,
    reference: false,
    noise_threshold: 0,
    denoise: true,
  },
  display: { exposure: 0, tone_map: "filmic", background: [0, 0, 0] },
  guides: {
    box: false,
    ticks: false,
    axes: false,
    scale_bar: false,
    time_stamp: false,
    annotations: true,
    time_format: "clock",
    color: null,
    text_scale: 1,
  },
  samples: 256,
  seed: 0,
};

export const HELLO: HelloMessage = {
  type: "hello",
  server: "hosta 0.1.0",
  view: "1",
  device: {
    name: "llvmpipe (LLVM 15.0.6, 256 bits)",
    vendor: "Mesa",
    version: "4.5 (Core Profile) Mesa",
    software: true,
  },
  scene: {
    name: "cell.ome.zarr",
    box_lo: [0, 0, 0],
    box_hi: [100, 80, 60],
    orientation: "image",
    layers: [
      {
        name: "cell.ome.zarr",
        kind: "image",
        shape: [300, 400, 500],
        spacing_um: [0.2, 0.2, 0.2],
        dtype: "uint16",
        level: 1,
        n_levels: 4,
        channels: [
          {
            name: "membrane",
            range: [0, 4095],
            histogram: sum(bell(8, 6, 90000), bell(45, 14, 4000), bell(88, 8, 300)),
            ...STATISTICS,
          },
          { name: "nucleus", range: [0, 4095], histogram: sum(bell(5, 3, 90000), bell(22, 9, 900)), ...STATISTICS },
        ],
      },
      {
        name: "mitochondria",
        kind: "labels",
        shape: [300, 400, 500],
        spacing_um: [0.2, 0.2, 0.2],
        dtype: "uint32",
        level: 1,
        n_levels: 4,
        channels: [],
      },
    ],
    n_times: 1,
    environments: ["synthetic:studio", "colors"],
    notes: [],
  },
  state: STATE,
  default_state: STATE,
  sequence: 1,
};
