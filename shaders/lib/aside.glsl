// What a ray of a mode besides path tracing tells of what it saw, besides its light; see film.glsl.
struct Aside {
    float depth;   // distance from the eye times coverage, unit space
    vec3 albedo;   // times coverage
    vec4 normal;   // xyz times the coverage by surfaces, which is w
    uint label;    // as film.glsl packs it; 0: none
};
