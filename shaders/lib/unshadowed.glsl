// Light without shadows, and without noise: the middle of the area light, and the sky's radiance along the normal for
// all of its light. Needs light.glsl, brdf.glsl, phase.glsl, params.

// Radiance towards wo of a surface at p with normal n on wo's side.
vec3 surface_light(vec3 p, vec3 n, vec3 wo, vec3 albedo) {
    vec3 wi;
    float t;
    vec3 area = area_light_sample(p, vec2(0.5), wi, t);
    vec2 parts = brdf_cos(n, wo, wi, params.specular, params.roughness);
    return area * (albedo * parts.x + vec3(parts.y)) + albedo * (1.0 - params.specular) * sky_radiance(n);
}

// Radiance of a medium that scatters evenly to all sides.
vec3 medium_light(vec3 p, vec3 d, vec3 albedo) {
    vec3 wi;
    float t;
    vec3 area = area_light_sample(p, vec2(0.5), wi, t);
    return albedo * (area / (4.0 * PI) + 0.5 * (sky_radiance(d) + sky_radiance(-d)));
}
