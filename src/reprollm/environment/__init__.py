"""What surrounds a computation: machine, operating system, packages, code, variables, job.

Circumstances never enter a request's or a result's identity. They are recorded whole, so that a
divergence between two runs can be explained. Nothing here imports a heavy library: facts about
torch are taken only when torch is loaded already.
"""

from reprollm.environment.code import STAGES, code_digest
from reprollm.environment.facts import collect, environment_id
from reprollm.environment.job import job_facts
from reprollm.environment.offline import go_offline

__all__ = ["STAGES", "code_digest", "collect", "environment_id", "go_offline", "job_facts"]
