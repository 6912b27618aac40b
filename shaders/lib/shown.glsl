// What an accumulator's texel looks like: the mean of its samples after exposure and tone map. Needs colour.glsl,
// developed.glsl and TONE_MODE: as colour.glsl has it; -1: the texels are what this answers already, of a picture and not
// sums. It is no uniform because a software device computes all tone maps where it does not know which, and that takes
// three times as long as all the rest.

layout(rgba32f, binding = 0) uniform readonly image2D accumulator;
#if TONE_MODE >= 0
layout(rgba32f, binding = 1) uniform readonly image2D moments;  // z = samples of the pixel, see film.glsl
#endif

uniform ivec2 window;       // the accumulator's used size
uniform float exposure;     // a factor

// Premultiplied mean radiance and coverage.
vec4 mean_at(ivec2 at) {
#if TONE_MODE >= 0
    return imageLoad(accumulator, at) / max(imageLoad(moments, at).z, 1.0);
#else
    return imageLoad(accumulator, at);
#endif
}

// Premultiplied display-linear colour and coverage, finite and 0..1. Beyond the window its edge goes on.
vec4 shown(ivec2 at) {
    vec4 mean = mean_at(clamp(at, ivec2(0), window - 1));
    return developed(mean, exposure, TONE_MODE);
}
