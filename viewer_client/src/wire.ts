/* Generated from the server's models: run `npm run wire` instead of editing. */

export type Wire = ClientEvent | ServerMessage;
export type ClientEvent = CameraEvent | PatchEvent | ResetEvent | ViewportEvent | KeyFrameEvent | PingEvent;
export type JsonValue = unknown;
export type ServerMessage =
  HelloMessage | StateMessage | FrameMessage | WorkerMessage | ProgressMessage | ErrorMessage | PongMessage;

/**
 * Look from here now. The newest `seq` wins; each frame echoes the `seq` of the camera that it shows.
 */
export interface CameraEvent {
  type: "camera";
  seq: number;
  camera: Camera;
}
/**
 * A pinhole or orthographic camera in world space (micrometres), in VTK's terms.
 *
 * `view_angle` is the full vertical angle in degrees; `parallel_scale` is half the height of the orthographic view.
 */
export interface Camera {
  position: [number, number, number];
  focal_point: [number, number, number];
  view_up: [number, number, number];
  view_angle: number;
  projection: "perspective" | "orthographic";
  parallel_scale: number;
}
/**
 * Change the state; answered by a StateMessage or an ErrorMessage with the same `seq`.
 */
export interface PatchEvent {
  type: "patch";
  seq: number;
  patch: Patch;
}
/**
 * Ops that apply together, or not at all.
 */
export interface Patch {
  ops: Op[];
}
/**
 * Put `value` at `path`, e.g. ["layers", 0, "channels", 1, "visible"].
 */
export interface Op {
  path: (string | number)[];
  value: JsonValue;
}
/**
 * Put the camera, or the whole state, back to the scene's default.
 */
export interface ResetEvent {
  type: "reset";
  seq: number;
  what: "camera" | "all";
}
/**
 * The size of the picture in device pixels; clamped to the server's limits and made even.
 */
export interface ViewportEvent {
  type: "viewport";
  width: number;
  height: number;
}
/**
 * The decoder lost its way and needs a key frame.
 */
export interface KeyFrameEvent {
  type: "key_frame";
}
export interface PingEvent {
  type: "ping";
  client_ms: number;
}
/**
 * First on `events`, and again after the worker came back: what is shown, and by what.
 */
export interface HelloMessage {
  type: "hello";
  server: string;
  view: string;
  device: DeviceInfo;
  scene: SceneSummary;
  state: ViewState;
  default_state: ViewState;
  sequence: number;
}
/**
 * The device that renders; `software` is True when it is a CPU.
 */
export interface DeviceInfo {
  name: string;
  vendor: string;
  version: string;
  software: boolean;
}
/**
 * What a client needs to know of a scene; `box_lo`, `box_hi` in micrometres (x, y, z).
 */
export interface SceneSummary {
  name: string;
  box_lo: [number, number, number];
  box_hi: [number, number, number];
  layers: LayerSummary[];
  n_times: number;
  notes: string[];
}
export interface LayerSummary {
  name: string;
  kind: "image" | "labels";
  shape: [number, number, number];
  spacing_um: [number, number, number];
  dtype: string;
  level: number;
  n_levels: number;
  channels: ChannelSummary[];
}
/**
 * What a client needs to draw a channel's controls. Ranges are physical values; histogram: counts over `range`.
 */
export interface ChannelSummary {
  name: string;
  range: [number, number];
  histogram: number[];
}
/**
 * All that is shown. The same ViewState, data, size and seed give the same picture.
 */
export interface ViewState {
  version: 1;
  camera: Camera;
  layers: (ImageLayer | LabelLayer)[];
  time: number;
  crop: CropBox;
  shading: Shading;
  lighting: Lighting;
  display: Display;
  samples: number;
  seed: number;
}
/**
 * Intensities: `source` is the name under which the scene holds the data.
 */
export interface ImageLayer {
  kind: "image";
  source: string;
  name: string;
  visible: boolean;
  channels: Channel[];
}
/**
 * One channel of an image: its window, its transfer function and its colour.
 *
 * A value v becomes x = (v - window[0]) / (window[1] - window[0]), clamped to 0..1; `curve` maps x to opacity by
 * straight lines; the extinction is opacity * `opacity` * the scene's density. An empty curve is the ramp (0,0) (1,1).
 * With `color_map` (a name of the `cmap` package) the albedo is the map's colour at x, else it is `color`.
 */
export interface Channel {
  name: string;
  visible: boolean;
  color: [number, number, number];
  color_map: string | null;
  window: [number, number];
  opacity: number;
  curve: [number, number][];
}
/**
 * A segmentation: every id other than 0 has a colour of its own.
 */
export interface LabelLayer {
  kind: "labels";
  source: string;
  name: string;
  visible: boolean;
  opacity: number;
}
/**
 * The part of the scene that is drawn, as fractions of its world box along x, y, z.
 */
export interface CropBox {
  lo: [number, number, number];
  hi: [number, number, number];
}
/**
 * How matter scatters.
 *
 * `density` is the extinction at opacity 1, as optical depth across the scene's longest side. `mode` chooses a surface
 * (brdf) or a phase function at a collision; `mixed` chooses the surface with probability
 * 1 - exp(-25 * gradient_factor * change), where change is that of the opacity over one voxel.
 */
export interface Shading {
  density: number;
  mode: "mixed" | "brdf" | "phase";
  gradient_factor: number;
  anisotropy: number;
  specular: number;
  roughness: number;
}
export interface Lighting {
  area: AreaLight;
  sky: Sky;
}
/**
 * A one-sided square light that faces the centre of the scene.
 *
 * Its direction from the centre is `azimuth` degrees to the right and `elevation` degrees up from the direction
 * towards the camera (`follow_camera`) or, when it does not follow, towards where the default camera is. `distance`
 * and `size` are in units of the scene's longest side. `intensity` is the irradiance that it gives, unoccluded, to a
 * surface at the scene's centre that faces it, divided by pi: a white Lambert surface there has radiance `intensity`.
 */
export interface AreaLight {
  visible: boolean;
  azimuth: number;
  elevation: number;
  distance: number;
  size: number;
  color: [number, number, number];
  intensity: number;
  follow_camera: boolean;
}
/**
 * Light from everywhere: radiance goes from `bottom` over `middle` (the horizon) to `top`, along the view's up.
 */
export interface Sky {
  visible: boolean;
  top: [number, number, number];
  middle: [number, number, number];
  bottom: [number, number, number];
  intensity: number;
}
/**
 * From radiance to pixels: `exposure` in stops, then the tone map, then sRGB.
 */
export interface Display {
  exposure: number;
  tone_map: "filmic" | "exponential" | "linear";
  background: [number, number, number];
}
/**
 * The state after a change. `seq` is the client's event that made it, None when somebody else did.
 */
export interface StateMessage {
  type: "state";
  seq: number | null;
  sequence: number;
  state: ViewState;
}
/**
 * Goes out with each video frame; `rtp_timestamp` is what the browser's video frame metadata says of it.
 */
export interface FrameMessage {
  type: "frame";
  rtp_timestamp: number;
  frame: FrameInfo;
}
/**
 * What a video frame shows and what it cost.
 *
 * `pts` counts 1/90000 s; it is the RTP time before RTP's random offset.
 */
export interface FrameInfo {
  sequence: number;
  camera_seq: number;
  pts: number;
  width: number;
  height: number;
  scale: number;
  samples: number;
  target_samples: number;
  render_ms: number;
  readback_ms: number;
  encode_ms: number;
  bytes: number;
  key_frame: boolean;
}
/**
 * The rendering process went away, or is back.
 */
export interface WorkerMessage {
  type: "worker";
  status: "starting" | "restarting" | "ready" | "failed";
  message: string;
}
export interface ProgressMessage {
  type: "progress";
  what: string;
  done: number;
  total: number;
}
/**
 * Something asked for was refused. `incident` finds it in the server's log.
 */
export interface ErrorMessage {
  type: "error";
  code: string;
  message: string;
  incident: string;
  seq: number | null;
}
export interface PongMessage {
  type: "pong";
  client_ms: number;
}
