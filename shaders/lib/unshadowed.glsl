// Light without shadows, and without noise: the middle of the area light, and the sky's radiance along the normal for
// all of its light. Needs light.glsl, brdf.glsl, phase.glsl, params.

// Radiance towards -d of matter at p that is a surface of normal n (n . d <= 0) to the share `sure`, and to the rest a
// medium that scatters evenly to all sides.
vec3 unshadowed(vec3 p, vec3 n, vec3 d, vec3 albedo, float sure) {
    vec3 wi;
    float t;
    vec3 area = area_light_sample(p, vec2(0.5), wi, t);
    vec3 light = vec3(0.0);
    if (sure > 0.0) {
        vec2 parts = brdf_cos(n, -d, wi, params.specular, params.roughness);
        light = area * (albedo * parts.x + vec3(parts.y)) + albedo * (1.0 - params.specular) * sky_radiance(n);
    }
    if (sure < 1.0) {
        vec3 even = albedo * (area / (4.0 * PI) + 0.5 * (sky_radiance(d) + sky_radiance(-d)));
        light = mix(even, light, sure);
    }
    return light;
}
