// The scene's buffers and atlases, bound the same way for all shaders that look at voxels.
#include "generated/layout.glsl"

// The passes that make the macrocells define WRITES_CELLS.
#ifndef MIXING
#define MIXING 0
#endif

// By channel: 0 R8, 1 R16, 2 labels.
const int STORAGE[N_CHANNELS] = int[N_CHANNELS](CHANNEL_STORAGE);
#ifdef ONE_STORAGE  // all channels have the same
#define STORAGE_OF(c) ONE_STORAGE
#else
#define STORAGE_OF(c) STORAGE[c]
#endif

layout(std140, binding = 0) uniform ParamsBlock { Params params; };
layout(std140, binding = 1) uniform VolumeBlock { Volume volumes[N_VOLUMES]; };
layout(std140, binding = 2) uniform ChannelBlock { Channel channels[N_CHANNELS]; };
layout(std140, binding = 3) uniform CutBlock { Cut cuts[N_VOLUMES]; };  // of this view
layout(std140, binding = 6) uniform LightBlock { Light lights[MAX_LIGHTS]; };
// What is read at every step comes through texture buffers: software devices gather from them much faster.
layout(binding = 9) uniform usamplerBuffer page_buffer;
layout(binding = 10) uniform samplerBuffer lut_buffer;

#ifdef PAGED
layout(std140, binding = 7) uniform LevelBlock { Level levels[N_LEVELS]; };
layout(binding = 13) uniform usamplerBuffer child_buffer;
layout(binding = 14) uniform usamplerBuffer cut_buffer;
layout(std430, binding = 1) buffer FeedbackBuffer { uint feedback[]; };  // FEEDBACK_WORDS a node

uint child_at(int index) { return texelFetch(child_buffer, index).r; }
uint cut_at(int node) { return texelFetch(cut_buffer, node).r; }
#endif

uint page_at(int index) { return texelFetch(page_buffer, index).r; }
vec4 lut_at(int index) { return texelFetch(lut_buffer, index); }
#ifdef WRITES_CELLS
layout(std430, binding = 5) buffer CellBuffer { uint cells[]; };
layout(std430, binding = 12) buffer MajorantBuffer { float majorants[]; };
#else
layout(binding = 11) uniform usamplerBuffer cell_buffer;
layout(binding = 12) uniform samplerBuffer majorant_buffer;

uint cell_at(int index) { return texelFetch(cell_buffer, index).r; }
// Four channels' at once: majorants[4 * index] and the three that follow.
vec4 majorants_at(int index) { return texelFetch(majorant_buffer, index); }

float majorant_at(int c, int cell) {
#ifdef PAGED
    if (PAGES == 1) return unpackHalf2x16(cell_at(cell) & 0xFFFFu).x;
    // `cell` counts the cells of all nodes: 4096 a node.
    int lane = channels[c].page_base, row = (cell >> 12) * MAJORANT_GROUPS + lane / 4;
    return texelFetch(majorant_buffer, (row << 12) + (cell & 4095))[lane & 3];
#endif
    int index = channels[c].majorant_base + cell * channels[c].majorant_stride;
    return texelFetch(majorant_buffer, index >> 2)[index & 3];
}
#endif
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
