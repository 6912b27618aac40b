// What an accumulator's texel looks like: the mean of its samples after exposure and tone map. Needs colour.glsl, developed.glsl and
// TONE_MODE: as colour.glsl has it; -1: the texels are what this answers already. It is no uniform because a software
// device computes all tone maps where it does not know which, and that takes three times as long as all the rest.

layout(rgba32f, binding = 0) uniform readonly image2D accumulator;

uniform ivec2 window;       // the accumulator's used size
uniform float per_sample;   // 1 / samples
uniform float exposure;     // a factor

// Premultiplied mean radiance and coverage. The only place where sums are divided by their samples.
vec4 mean_at(ivec2 at) { return imageLoad(accumulator, at) * per_sample; }

// Premultiplied display-linear colour and coverage, finite and 0..1. Beyond the window its edge goes on.
vec4 shown(ivec2 at) {
    vec4 mean = mean_at(clamp(at, ivec2(0), window - 1));
    return developed(mean, exposure, TONE_MODE);
}
