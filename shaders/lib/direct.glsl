// Direct light at a vertex: one light is picked in proportion to what it gives, and asked with one direction that comes
// either from the light or from the vertex. Weighting both by the density of the mixture is the one-sample multiple
// importance sampling of Veach, "Robust Monte Carlo Methods for Light Transport Simulation", 1997, section 9.2.4
// (balance heuristic). Needs params, lights[], vertex.glsl, light.glsl.

// How often the direction comes from the vertex rather than from the light. Small area lights are hard to hit from rough
// vertices; the sky of three colours hardly varies, so that the vertex knows best.
float vertex_technique(in Vertex x, int light) {
    if (light >= 0 && light_is_delta(light)) return 0.0;
    if (params.direct_mode == 1) return 0.0;
    if (params.direct_mode == 2) return 1.0;
#ifdef HAS_ENVIRONMENT
    if (light < 0) return 0.5;
#else
    if (light < 0) return 1.0;
#endif
    float peaked = x.surface ? x.lobe * (1.0 - x.roughness) : abs(x.g);
    return 0.1 + 0.4 * peaked;
}

// Radiance towards wo by the light picked, divided by the densities, if nothing is in between; wi and t are the shadow
// ray's.
vec3 direct_light(in Vertex x, vec3 p, vec3 wo, vec4 u, out vec3 wi, out float t) {
    int light = -1;
    float below = 0.0, chance = params.sky_chance;
    for (int i = 0; i < params.light_count; i++) {
        if (u.x < below + lights[i].chance) {
            light = i;
            chance = lights[i].chance;
            break;
        }
        below += lights[i].chance;
    }
    u.x = clamp((u.x - below) / max(chance, 1e-6), 0.0, 1.0);
    wi = vec3(0.0, 0.0, 1.0);
    t = 1e30;
    if (chance <= 0.0) return vec3(0.0);
    float by_vertex = vertex_technique(x, light);
    bool from_vertex = u.x < by_vertex;
    vec3 radiance;
    float pdf_light;
    if (from_vertex) wi = vertex_sample(x, wo, u.zwy);
    if (light < 0) {
        if (!from_vertex) wi = sky_sample(u.zw);
        radiance = sky_radiance(wi);
        pdf_light = by_vertex < 1.0 ? sky_pdf(wi) : 0.0;
    } else {
        LightSample s;
        if (from_vertex) s = light_towards(light, p, wi);
        else s = light_sample(light, p, u.zw);
        wi = s.wi;
        t = s.t;
        radiance = s.radiance;
        pdf_light = s.pdf;
        if (s.pdf <= 0.0) return vec3(0.0);
    }
    vec4 f = vertex_eval(x, wo, wi);
    float pdf = mix(pdf_light, f.a, by_vertex);
    return pdf > 0.0 ? f.rgb * radiance / (pdf * chance) : vec3(0.0);
}
