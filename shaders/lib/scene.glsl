// The scene's buffers and atlases, bound the same way for all shaders that look at voxels.
#include "generated/layout.glsl"

// Only the passes that make the macrocells write them: they define CELL_ACCESS as nothing.
#ifndef CELL_ACCESS
#define CELL_ACCESS readonly
#endif
#ifndef MIXING
#define MIXING 0
#endif

// By channel: 0 R8, 1 R16, 2 labels.
const int STORAGE[N_CHANNELS] = int[N_CHANNELS](CHANNEL_STORAGE);

layout(std140, binding = 0) uniform ParamsBlock { Params params; };
layout(std140, binding = 1) uniform VolumeBlock { Volume volumes[N_VOLUMES]; };
layout(std140, binding = 2) uniform ChannelBlock { Channel channels[N_CHANNELS]; };
layout(std140, binding = 3) uniform CutBlock { Cut cuts[N_VOLUMES]; };  // of this view
layout(std140, binding = 6) uniform LightBlock { Light lights[MAX_LIGHTS]; };
layout(std430, binding = 3) readonly buffer PageBuffer { uint pages[]; };
layout(std430, binding = 4) readonly buffer LutBuffer { vec4 lut[]; };
layout(std430, binding = 5) CELL_ACCESS buffer CellBuffer { uint cells[]; };
layout(std430, binding = 12) CELL_ACCESS buffer MajorantBuffer { float majorants[]; };
#ifdef HAS_GRADIENT_OPACITY
layout(std430, binding = 13) readonly buffer GradientLutBuffer { float gradient_lut[]; };
#endif
#ifdef HAS_LABELS
layout(std430, binding = 6) readonly buffer LabelColorBuffer { uint label_colors[]; };
layout(binding = 2) uniform usampler3D atlas_labels;
#endif
#ifdef HAS_R8
layout(binding = 0) uniform sampler3D atlas_r8;
#endif
#ifdef HAS_R16
layout(binding = 1) uniform sampler3D atlas_r16;
#endif
#ifdef HAS_ENVIRONMENT
layout(binding = 8) uniform sampler2D environment;
layout(std430, binding = 14) readonly buffer EnvironmentBuffer { float environment_cdf[]; };
#endif
#ifdef COUNT_VIOLATIONS
layout(std430, binding = 7) buffer ViolationBuffer { uint violations[]; };
#endif
