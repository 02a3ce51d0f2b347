"""Draw pictures of apples, grapes and lemons: `scene.render` makes one, `damage.damage` spoils it."""
