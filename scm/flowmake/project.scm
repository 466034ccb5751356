;;; The module that a Flowfile is evaluated in, and the modules of its project.

(define-module (flowmake project)
  #:use-module ((srfi srfi-1) #:select (any filter-map find))
  #:use-module (flowmake primitives)
  #:use-module (flowmake registry)
  #:export (flow-module
            make-flow-module!
            project-name
            project-file?
            project-source
            project-module
            project-modules
            project-module-of
            given-module?
            note-loaded!
            note-expanded!
            module-closure))

(define module #f)

(define (flow-module)
  "Return the module that the Flowfile is evaluated in."
  module)

(define (make-flow-module!)
  "Make that module: all of Guile's and flowmake's names, those of flowmake
before those of Guile."
  (set! module (resolve-module '(flowfile) #f #:ensure #t))
  (beautify-user-module! module)
  (set-module-declarative?! module #f)
  ;; What the user imports wins, silently, over what was there.
  (set-module-duplicates-handlers!
   module (lookup-duplicates-handlers '(replace last)))
  (module-use-interfaces! module (list (resolve-interface '(flowmake))))
  module)

(define given-load-path
  ;; Where modules are that come with Guile or with the environment: who
  ;; installs another version of these does not edit the project.
  %load-path)

(define (is-in? directory file)
  (string-prefix? (if (string-suffix? "/" directory)
                      directory
                      (string-append directory "/"))
                  file))

(define (project-name file)
  "Return how the project calls FILE, a name that Guile has for a file: without
the project's directory if it is in there; or #f, if it may come with Guile."
  (let ((here (string-append (getcwd) "/")))
    (cond
     ((string-prefix? "./" file) (substring file 2))
     ((not (absolute-file-name? file)) file)
     ((string-prefix? here file) (substring file (string-length here)))
     ((any (lambda (directory) (is-in? directory file)) given-load-path) #f)
     (else file))))

(define (is-given? name)
  ;; Whether the file NAME, as modules have it, is one of flowmake: a project may
  ;; have a directory of that name, too.
  (and (string-prefix? "flowmake/" name)
       (any (lambda (directory)
              (file-exists? (string-append directory "/" name)))
            given-load-path)))

(define (own-file file)
  ;; How the project calls FILE, if it is there and of the project; or #f.
  (let ((name (project-name file)))
    (and name
         (file-exists? name)
         (not (is-given? name))
         name)))

(define (given-module? name)
  "Return whether the module NAME, a list, is one of flowmake."
  (and (eq? (car name) 'flowmake)
       (or (null? (cdr name))
           (is-given? (string-append
                       (string-join (map symbol->string name) "/") ".scm")))))

(define (project-file? file)
  "Return whether FILE, as places name files, is part of the project."
  (and (string? file)
       (or (string=? file (flow-file))
           (own-file file))
       #t))

(define (project-source name)
  "Return the project's file that holds the module whose file is called NAME, or
#f."
  (let ((found (%search-load-path name)))
    (and found (own-file found))))

(define (known-module name)
  (resolve-module name #f #:ensure #f))

(define (project-module name)
  "Return the module NAME, a list, which is loaded if it is one of the project,
or #f."
  (let ((known (known-module name)))
    (cond
     ((and known (module-public-interface known)) known)
     ((project-source (string-join (map symbol->string name) "/"))
      (resolve-module name))
     (else #f))))

(define loaded '())                     ; names of modules, last first

(define (note-loaded! name)
  "Remember that the project's file of the module NAME was loaded."
  (set! loaded (cons name loaded)))

(define (note-expanded! file)
  "Remember that FILE, if it is the project's, was read while a form was
expanded."
  (let ((name (project-name file)))
    (when name
      (unless (member name (included-files))
        (included-files (cons name (included-files))))
      (unless (member name (expanded-files))
        (expanded-files (cons name (expanded-files)))))))

(define (module-file module)
  ;; The project's file that MODULE comes from, or #f.
  (let ((file (module-filename module)))
    (and file
         (not (eq? module (flow-module)))
         (own-file file))))

(define (used-modules module file)
  ;; Those that MODULE, which comes from FILE or #f, uses or mentions; what is
  ;; to be loaded at first use is loaded.
  (append
   (map (lambda (interface)
          (or (project-module (module-name interface)) interface))
        (filter module-name (module-uses module)))
   (filter-map project-module (filter pair? (module-mentions file)))))

(define (closure roots)
  ;; ((FILE . MODULE) ...) of those of the modules ROOTS that are the
  ;; project's, and of all modules of the project that they use.
  (let loop ((queue roots) (seen '()) (found '()))
    (if (null? queue)
        (reverse found)
        (let* ((module (car queue))
               (file (module-file module)))
          (cond
           ((memq module seen) (loop (cdr queue) seen found))
           ((or file (eq? module (flow-module)))
            (loop (append (cdr queue) (used-modules module file))
                  (cons module seen)
                  (if file (acons file module found) found)))
           (else (loop (cdr queue) (cons module seen) found)))))))

(define (module-closure module)
  "Return ((FILE . MODULE) ...) of MODULE, if it is the project's, and of all
modules of the project that it uses."
  (closure (list module)))

(define (project-modules)
  "Return ((FILE . MODULE) ...) of the modules of the project in use."
  (closure (cons (flow-module) (filter-map known-module loaded))))

(define (project-module-of symbol)
  "Return the module of the project that the Flowfile has SYMBOL from, or #f."
  (define variable (module-variable (flow-module) symbol))
  (define (gives-it? interface)
    (and (module-name interface)
         (eq? (module-variable interface symbol) variable)))
  (let* ((interface (and variable
                         (find gives-it? (module-uses (flow-module)))))
         (module (and interface (project-module (module-name interface)))))
    (and module (module-file module) module)))
