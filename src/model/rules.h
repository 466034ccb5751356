/*
 * The rules of a Flowfile, as the evaluator sent them (model/wire.h): what
 * one (step ...) form says is a template; each time the form is evaluated it
 * declares a step, an instance of the template, which adds a name and the
 * computed names of other steps.  So a loop that declares 100,000 steps keeps
 * one template.
 *
 * Filled by the flow floor, completed by rules_resolve (model/resolve.h), and
 * const from then on.
 */
#ifndef FLOWMAKE_MODEL_RULES_H
#define FLOWMAKE_MODEL_RULES_H

#include "base/arena.h"
#include "base/base.h"
#include "base/digest.h"
#include "base/map.h"
#include "model/wire.h"

struct error;
struct layout;
struct level;
struct step;

/* An expression of a clause. */
struct expr {
	uint32_t line;
	uint32_t column;
	enum wire_expr kind;
	uint32_t index;          /* NAME: in names; THUNK: its number */
	const char *value;       /* CONST: CBOR */
	uint32_t value_len;
	uint32_t *needs;         /* names that must be known first */
	uint16_t need_count;
	struct piece *pieces;    /* PIECES */
	uint32_t piece_count;
};

/* A part of a text: bytes as they are, or a hole. */
struct piece {
	const char *text;        /* NULL: a hole */
	uint32_t len;
	enum wire_quote quote;   /* of a hole in a shell text */
	struct expr *expr;
};

/* A name in a step's scope, and where it comes from. */
struct name {
	const char *text;
	enum wire_name kind;
	uint16_t clause;         /* FROM, JOIN: which import; FOREACH, INPUT,
				  * OUTPUT, RESULT: which of those */
	uint16_t item;           /* FROM, JOIN: which item of the import */
	bool in_recipe;          /* the recipe mentions it */
	bool in_clauses;         /* other clauses do */
};

struct step_ref {
	uint32_t line;
	uint32_t column;
	const char *literal;     /* NULL: computed */
	uint32_t computed;       /* index in the step's computed names */
};

struct import_item {
	uint32_t line;
	uint32_t column;
	uint32_t mine;           /* index in names */
	const char *theirs;
};

/* (from STEP ...) or (join STEP ...). */
struct import {
	bool is_join;
	struct step_ref *refs;   /* alternatives of a from; one of a join */
	uint16_t ref_count;
	uint16_t item_count;
	struct import_item *items;
	uint32_t first_step;     /* of its refs, in step.imported */
	uint32_t first_binding;  /* of its items, in step.bindings: one for each
				  * ref and item, ref by ref */
};

/* A foreach, an input or an output. */
struct binder {
	int32_t name;            /* index in names; -1: unnamed */
	uint32_t line;           /* of the clause */
	uint32_t column;
	struct expr expr;
};

enum produce_format {
	PRODUCE_VALUE,
	PRODUCE_TEXT,
	PRODUCE_LINES,
	PRODUCE_JSON,
	PRODUCE_FILE,            /* under file_name */
};

struct produce {
	uint32_t name;
	enum produce_format format;
	const char *file_name;
};

enum clause {
	CLAUSE_RESOURCES,
	CLAUSE_BATCH,
	CLAUSE_LOCAL,
	CLAUSE_TIMEOUT,
	CLAUSE_RETRY,
	CLAUSE_CATCH,
	CLAUSE_ENVIRONMENT,
	CLAUSE_SECRET,
	CLAUSE_COUNT
};

struct annotation {
	enum clause clause;
	uint32_t line;
	uint32_t column;
	const char *key;         /* NULL: none */
	struct expr *expr;       /* NULL: none */
};

enum recipe_kind {
	RECIPE_NONE,
	RECIPE_SHELL,
	RECIPE_EXEC,
	RECIPE_SCRIPT,
	RECIPE_SCHEME,
};

/* A part, most often of the key, that stands for Scheme code. */
struct code_part {
	const char *name;
	bool known;              /* false: cannot be had, always run */
	struct digest digest;
	const char *value;       /* CBOR of a short value, or a SOURCE of
				  * model/wire.h; or NULL */
	uint32_t value_len;
};

/* Texts of a value that holds many. */
struct text_list {
	const char **texts;
	uint32_t count;
	bool is_cut;             /* these are the first few, no more is known */
	uint32_t step_count;     /* steps whose recipes have it */
};

struct recipe {
	enum recipe_kind kind;
	struct expr *words;      /* exec: program, arguments; script: program;
				  * shell: another shell, if word_count */
	uint32_t word_count;
	struct piece *pieces;    /* shell */
	uint32_t piece_count;
	struct expr *stdin_file; /* exec; NULL: none */
	struct expr *stdout_file;
	const char *text;        /* script */
	uint32_t text_len;
	uint32_t line;           /* scheme */
	uint32_t column;
	struct code_part *code;
	uint32_t code_count;
	const char **strings;    /* of the code: they may name files */
	uint32_t string_count;
	struct text_list **lists; /* those in values that hold many */
	uint32_t list_count;
};

/* What a thunk is for: when it must be evaluated follows from it. */
enum thunk_role {
	THUNK_FOREACH,
	THUNK_WHEN,
	THUNK_INPUT,
	THUNK_OUTPUT,
	THUNK_ANNOTATION,
	THUNK_RECIPE,
};

struct thunk {
	const struct expr *expr; /* NULL: the number is not used */
	enum thunk_role role;
};

struct template {
	uint32_t id;
	const char *file;
	uint32_t line;
	uint32_t column;
	const char *doc;         /* or NULL */
	struct name *names;
	uint32_t name_count;
	struct binder *foreach;
	uint32_t foreach_count;
	struct import *imports;  /* from and join, as written */
	uint32_t import_count;
	uint32_t imported_count; /* refs of all imports */
	uint32_t binding_count;
	struct step_ref *after;
	uint32_t after_count;
	uint32_t computed_count; /* computed names that its refs use */
	struct expr *when;       /* or NULL */
	struct binder *inputs;
	uint32_t input_count;
	struct binder *outputs;
	uint32_t output_count;
	int32_t pattern;         /* index of the stem's name; -1: none */
	struct produce *produces;
	uint32_t produce_count;
	struct recipe recipe;
	struct annotation *annotations;
	uint32_t annotation_count;
	struct code_part *mentions; /* by expressions: no parts of the key */
	uint32_t mention_count;
	struct thunk *thunks;    /* by number */
	uint32_t thunk_count;
	struct layout *layouts;  /* model/layout.h */
};

/* What an imported name stands for in the step that is read. */
enum binding_kind {
	BINDING_RESULT,          /* index in produces */
	BINDING_OUTPUT,          /* index in outputs */
	BINDING_FOREACH,         /* variable index of level's step */
	BINDING_CATCH,           /* the failure that was caught, or #f */
};

struct binding {
	enum binding_kind kind;
	uint32_t index;
	const struct level *level; /* BINDING_FOREACH */
};

/* A fan-out: one for each step with foreach clauses; levels[0] is no fan-out,
 * one split. */
struct level {
	uint32_t index;
	struct level *parent;    /* NULL: levels[0] */
	struct step *opener;     /* step with the foreach; NULL: levels[0] */
	uint32_t ordinal;        /* among parent->openers */
	uint32_t depth;          /* 0 for levels[0] */
	struct step **steps;     /* that run here, in order */
	uint32_t step_count;
	uint32_t step_alloc;
	struct step **openers;   /* whose foreach stands inside this level */
	uint32_t opener_count;
	uint32_t opener_alloc;
};

/* A declared step. */
struct step {
	uint32_t index;          /* number of the instance */
	struct template *template;
	const char *name;        /* NULL: a defaults form */
	const char **computed;
	uint32_t computed_count;
	/* ---- from here on: rules_resolve ---- */
	struct step **imported;  /* steps read, import by import, ref by ref */
	struct binding *bindings;
	struct step **after;
	struct level *read_level; /* where it reads */
	struct level *level;     /* where it runs: read_level if no fan-out */
	uint32_t ordinal;        /* among level->steps, or rules->defaults */
	uint32_t rank;           /* later than all that it reads */
	bool reads_may_skip;     /* it reads a step that may be skipped */
	struct layout *layout;   /* what is evaluated when */
};

struct parameter {
	const char *name;
	const char *value;       /* CBOR */
	uint32_t value_len;
	const char *doc;
	bool given;              /* on the command line */
};

struct rules {
	struct arena arena;      /* owns everything below */
	struct template **templates;
	uint32_t template_count;
	uint32_t template_alloc;
	struct step **steps;     /* all instances; step->index is the place */
	uint32_t step_count;
	uint32_t step_alloc;
	struct map by_name;      /* step name -> struct step */
	struct map sources;      /* digest of code -> struct code_part */
	struct text_list **text_lists; /* of all recipes */
	uint32_t text_list_count;
	uint32_t text_list_alloc;
	struct step **defaults;  /* the defaults forms among steps */
	uint32_t default_count;
	uint32_t default_alloc;
	struct level **levels;
	uint32_t level_count;
	uint32_t level_alloc;
	struct step **order;     /* all named steps, each after what it reads */
	uint32_t order_count;
	const char *flow;        /* or NULL */
	const char *doc;
	uint32_t max_num_splits; /* 0: not said */
	uint32_t max_workers;
	struct parameter *parameters;
	uint32_t parameter_count;
	const char *manifest;    /* CBOR, as model/wire.h has it */
	uint32_t manifest_len;
	bool threads;            /* the Flowfile started some */
	bool pure;               /* as WIRE_LOADED says */
};

void rules_init(struct rules *r);
void rules_release(struct rules *r);

/* Take in what the evaluator sends: the payloads of WIRE_TEMPLATE, WIRE_STEPS
 * and WIRE_LOADED.  They fail only on a message that is not as model/wire.h
 * says. */
int rules_add_template(struct rules *r, const char *payload, size_t len,
		       struct error *err);
int rules_add_steps(struct rules *r, const char *payload, size_t len,
		    struct error *err);
int rules_set_loaded(struct rules *r, const char *payload, size_t len,
		     struct error *err);

/* The step called NAME, or NULL. */
struct step *rules_find(const struct rules *r, const char *name);

/* The name that REF of step S stands for. */
const char *step_ref_name(const struct step *s, const struct step_ref *ref);

/* Set ERR to "FILE:LINE:COLUMN: step 'NAME': ...".  Returns -1. */
int step_error(const struct step *s, uint32_t line, uint32_t column,
	       struct error *err, const char *format, ...) PRINTF_LIKE(5, 6);

#endif
