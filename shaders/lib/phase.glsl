// Henyey-Greenstein phase function: eval, sample, pdf (they are the same density, per steradian).
// g in (-1, 1); cos_theta is between the direction of flight before and after (wi = -wo is straight on).
// Source: Henyey & Greenstein, Astrophysical Journal 93, 1941; sampling: pbrt-v4 section 11.3.1.

const float PI = 3.14159265358979;

float phase_hg(float cos_theta, float g) {
    float denominator = 1.0 + g * g - 2.0 * g * cos_theta;
    return (1.0 - g * g) / (4.0 * PI * denominator * sqrt(max(denominator, 1e-12)));
}

// Two unit vectors across n. Source: Duff et al., "Building an Orthonormal Basis, Revisited", JCGT 6(1), 2017.
void basis(vec3 n, out vec3 s, out vec3 t) {
    float sign_ = n.z >= 0.0 ? 1.0 : -1.0;
    float a = -1.0 / (sign_ + n.z);
    float b = n.x * n.y * a;
    s = vec3(1.0 + sign_ * n.x * n.x * a, sign_ * b, -sign_ * n.x);
    t = vec3(b, sign_ + n.y * n.y * a, -n.y);
}

vec3 phase_hg_sample(vec3 flight, float g, vec2 u) {
    float cos_theta;
    if (abs(g) < 1e-3) {
        cos_theta = 1.0 - 2.0 * u.x;
    } else {
        float q = (1.0 - g * g) / (1.0 - g + 2.0 * g * u.x);
        cos_theta = (1.0 + g * g - q * q) / (2.0 * g);
    }
    float sin_theta = sqrt(max(0.0, 1.0 - cos_theta * cos_theta));
    vec3 s, t;
    basis(flight, s, t);
    float phi = 2.0 * PI * u.y;
    return flight * cos_theta + (s * cos(phi) + t * sin(phi)) * sin_theta;
}
