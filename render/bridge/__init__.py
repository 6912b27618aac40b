"""Views made elsewhere: what other programs saved, as scenes and states of ours."""
