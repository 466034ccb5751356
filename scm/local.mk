# The Scheme modules, each compiled and installed.
scheme_modules = \
	scm/flowmake.scm \
	scm/flowmake/annotation.scm \
	scm/flowmake/cache.scm \
	scm/flowmake/code.scm \
	scm/flowmake/compile.scm \
	scm/flowmake/compiler.scm \
	scm/flowmake/contents.scm \
	scm/flowmake/draft.scm \
	scm/flowmake/errors.scm \
	scm/flowmake/forms.scm \
	scm/flowmake/helpers.scm \
	scm/flowmake/interpolate.scm \
	scm/flowmake/interpret.scm \
	scm/flowmake/load.scm \
	scm/flowmake/manifest.scm \
	scm/flowmake/mention.scm \
	scm/flowmake/modules.scm \
	scm/flowmake/parallel.scm \
	scm/flowmake/primitives.scm \
	scm/flowmake/project.scm \
	scm/flowmake/purity.scm \
	scm/flowmake/reader.scm \
	scm/flowmake/recipe.scm \
	scm/flowmake/registry.scm \
	scm/flowmake/serve.scm \
	scm/flowmake/source.scm \
	scm/flowmake/step.scm \
	scm/flowmake/template.scm \
	scm/flowmake/values.scm \
	scm/flowmake/wire.scm
