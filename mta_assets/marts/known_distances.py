"""How far each model was from the truth where it is known: the figures of docs/scorecard.md, as data. `make fix` copies them; nothing is computed here."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One model on the scorecard. worlds: simulated world -> the part of credit that was with the wrong channel (total variation), 0 to 1.

    over_claim: conversions credited to paid channels over those that these added, mean of the four worlds that models are judged on.
    """

    worlds: Mapping[str, float]
    over_claim: float

    @property
    def worst(self) -> tuple[str, float]:
        """The world that suits the model least, and its distance there."""
        return max(self.worlds.items(), key=lambda each: each[1])


# fmt: off
# [[[cog
# from pathlib import Path
# from mta_assets.scorecard.summary import read_back
# from mta_assets.simulation.worlds import WORLDS
# cog.outl("KNOWN: Mapping[str, Known] = {")
# for model, figures in read_back(Path("docs/scorecard.md").read_text()).items():
#     worlds = ", ".join(f'"{world}": {figures[world]:.3f}' for world in WORLDS if world in figures)
#     cog.outl(f'    "{model}": Known(over_claim={figures["over-claim"]:.2f}, worlds={{')
#     cog.outl(f"        {worlds},")
#     cog.outl("    }),")
# cog.outl("}")
# ]]]
KNOWN: Mapping[str, Known] = {
    "incremental": Known(over_claim=1.00, worlds={
        "default": 0.167, "no-hidden-targeting": 0.165, "no-upstream": 0.110, "randomised": 0.144, "heavy-retargeting": 0.180,
    }),
    "w_shaped": Known(over_claim=1.94, worlds={
        "default": 0.275, "no-hidden-targeting": 0.283, "no-upstream": 0.269, "randomised": 0.309, "heavy-retargeting": 0.328,
    }),
    "position_based": Known(over_claim=1.90, worlds={
        "default": 0.281, "no-hidden-targeting": 0.286, "no-upstream": 0.268, "randomised": 0.308, "heavy-retargeting": 0.337,
    }),
    "inverse_j": Known(over_claim=2.02, worlds={
        "default": 0.274, "no-hidden-targeting": 0.277, "no-upstream": 0.274, "randomised": 0.319, "heavy-retargeting": 0.320,
    }),
    "full_path": Known(over_claim=1.83, worlds={
        "default": 0.293, "no-hidden-targeting": 0.294, "no-upstream": 0.264, "randomised": 0.298, "heavy-retargeting": 0.346,
    }),
    "custom_position": Known(over_claim=1.88, worlds={
        "default": 0.287, "no-hidden-targeting": 0.290, "no-upstream": 0.269, "randomised": 0.305, "heavy-retargeting": 0.346,
    }),
    "j_shaped": Known(over_claim=1.77, worlds={
        "default": 0.303, "no-hidden-targeting": 0.301, "no-upstream": 0.264, "randomised": 0.293, "heavy-retargeting": 0.361,
    }),
    "shapley": Known(over_claim=1.98, worlds={
        "default": 0.293, "no-hidden-targeting": 0.299, "no-upstream": 0.265, "randomised": 0.305, "heavy-retargeting": 0.292,
    }),
    "counterfactual": Known(over_claim=1.92, worlds={
        "default": 0.297, "no-hidden-targeting": 0.295, "no-upstream": 0.275, "randomised": 0.303, "heavy-retargeting": 0.374,
    }),
    "first_touch": Known(over_claim=2.17, worlds={
        "default": 0.275, "no-hidden-targeting": 0.283, "no-upstream": 0.283, "randomised": 0.331, "heavy-retargeting": 0.298,
    }),
    "last_non_direct": Known(over_claim=2.02, worlds={
        "default": 0.326, "no-hidden-targeting": 0.313, "no-upstream": 0.274, "randomised": 0.265, "heavy-retargeting": 0.387,
    }),
    "time_decay": Known(over_claim=1.89, worlds={
        "default": 0.308, "no-hidden-targeting": 0.299, "no-upstream": 0.277, "randomised": 0.294, "heavy-retargeting": 0.389,
    }),
    "linear": Known(over_claim=2.00, worlds={
        "default": 0.298, "no-hidden-targeting": 0.295, "no-upstream": 0.285, "randomised": 0.311, "heavy-retargeting": 0.379,
    }),
    "last_touch": Known(over_claim=1.54, worlds={
        "default": 0.335, "no-hidden-targeting": 0.322, "no-upstream": 0.279, "randomised": 0.257, "heavy-retargeting": 0.387,
    }),
    "markov_2": Known(over_claim=2.07, worlds={
        "default": 0.296, "no-hidden-targeting": 0.296, "no-upstream": 0.295, "randomised": 0.323, "heavy-retargeting": 0.274,
    }),
    "markov_3": Known(over_claim=2.06, worlds={
        "default": 0.300, "no-hidden-targeting": 0.299, "no-upstream": 0.291, "randomised": 0.320, "heavy-retargeting": 0.276,
    }),
    "markov_1": Known(over_claim=2.08, worlds={
        "default": 0.294, "no-hidden-targeting": 0.306, "no-upstream": 0.298, "randomised": 0.327, "heavy-retargeting": 0.275,
    }),
    "participation": Known(over_claim=8.22, worlds={
        "default": 0.313, "no-hidden-targeting": 0.315, "no-upstream": 0.291, "randomised": 0.312, "heavy-retargeting": 0.299,
    }),
    "hazard": Known(over_claim=1.53, worlds={
        "default": 0.369, "no-hidden-targeting": 0.378, "no-upstream": 0.301, "randomised": 0.387, "heavy-retargeting": 0.393,
    }),
    "shapley_rate": Known(over_claim=1.40, worlds={
        "default": 0.537, "no-hidden-targeting": 0.600, "no-upstream": 0.550, "randomised": 0.482, "heavy-retargeting": 0.506,
    }),
}
# [[[end]]]
# fmt: on
