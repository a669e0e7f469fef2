"""Resources that no cloud knows: what they are stands in the state only, so a refresh finds what was left there."""

from typing import ClassVar

from sandbox.providers.resource import Made, Plain, Resource


class LocalResource(Resource):
    """Made by the plugin itself; every input replaces it unless a subclass knows better."""

    remote: ClassVar[bool] = False

    def __init_subclass__(cls) -> None:
        """Nothing local is in the world, so its kind there is only a name."""
        super().__init_subclass__()
        if not hasattr(cls, "kind"):
            cls.kind = "local"

    def make(self, inputs: Plain) -> Made:
        """The id and the computed outputs."""
        raise NotImplementedError

    def create(self, inputs: Plain, urn: str) -> Made:
        """The computed outputs beside the inputs."""
        del urn
        made = self.make({**self.defaults, **self.shown(inputs)})
        return Made(id=made.id, outputs={**self.defaults, **self.shown(inputs), **made.outputs})

    def read(self, identity: str, state: Plain) -> Plain | None:
        """As it was."""
        del identity
        return state

    def update(self, identity: str, state: Plain, inputs: Plain) -> Plain:
        """The inputs anew, all else as it was."""
        del identity
        return self.planned_update(state, inputs)

    def delete(self, identity: str, state: Plain) -> None:
        """Nothing to do."""
