// A scattering event: a surface (brdf.glsl) or a phase function (phase.glsl), with sample, eval and pdf that agree.
// wo points back to where the path comes from. Needs phase.glsl, brdf.glsl.

struct Vertex {
    bool surface;
    vec3 n;           // unit, on the side of wo; only of surfaces
    vec3 diffuse;     // albedo: of the diffuse lobe, or of the phase function
    vec3 specular;
    float roughness;
    float g;          // Henyey-Greenstein
    float lobe;       // the share of samples that go to the specular lobe
};

// rgb = BSDF times cosine, or albedo times phase function; a = the density of vertex_sample.
vec4 vertex_eval(in Vertex x, vec3 wo, vec3 wi) {
    if (!x.surface) {
        float p = phase_hg(-dot(wo, wi), x.g);
        return vec4(x.diffuse * p, p);
    }
    vec3 parts = brdf_cos(x.n, wo, wi, x.roughness);
    return vec4(x.diffuse * parts.x + x.specular * parts.y, mix(parts.x, parts.z, x.lobe));
}

vec3 vertex_sample(in Vertex x, vec3 wo, vec3 u) {
    if (!x.surface) return phase_hg_sample(-wo, x.g, u.xy);
    return u.z < x.lobe ? ggx_sample(x.n, wo, x.roughness, u.xy) : cosine_sample(x.n, u.xy);
}

// The share of samples for the specular lobe, by how much each lobe reflects.
float specular_share(vec3 diffuse, vec3 specular) {
    float s = max(specular.r, max(specular.g, specular.b));
    float d = max(diffuse.r, max(diffuse.g, diffuse.b));
    return s > 0.0 ? clamp(s / (s + d), 0.1, 1.0) : 0.0;
}
