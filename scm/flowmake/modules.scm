;;; The project's modules: compiled as the Flowfile is, so that they start as
;;; fast, and errors in them have the places that only compiled code knows.
;;; Guile asks for a module's file by primitive-load-path, which is ours for
;;; files of the project.

(define-module (flowmake modules)
  #:use-module ((srfi srfi-1) #:select (append-map))
  #:use-module (system vm loader)
  #:use-module (flowmake cache)
  #:use-module (flowmake compiler)
  #:use-module (flowmake manifest)
  #:use-module (flowmake primitives)
  #:use-module (flowmake project)
  #:use-module (flowmake registry)
  #:export (install-module-loader!
            compiling?))

(define compiling?
  ;; Whether this process may run the compiler: it does not leave memory again.
  (make-parameter #f))

(define (compiled-module path file text)
  ;; Compile TEXT, keep that at PATH, and return it as a thunk.
  (install-here-strings!)
  (parameterize ((included-files '()) (expanded-files '()) (forms-read '())
                 (expanded-observations '()) (loaded-observations '()))
    (let* ((forms (read-flow file text))
           (expanded (expand-module file forms))
           (bytecode (compile-module expanded)))
      (save-code! path bytecode
                  (append (included-files)
                          (delete file (all-of module-files
                                               (car expanded))))
                  (append (expanded-observations)
                          (loaded-observations)
                          (all-of module-observations (car expanded))))
      (load-thunk-from-memory bytecode))))

(define (note-interpreted! file)
  ;; Note of the module in FILE, which was not compiled, as much as reading it
  ;; says.  What its macros read, or what is included inside of forms, is not
  ;; known.
  (parameterize ((included-files '()) (forms-read '()) (form-place #f))
    (catch 'flowmake-error
      (lambda ()
        (read-flow file (%read-file file))
        (note-read-module! file
                           (mentioned-by-name
                            (map syntax->datum
                                 (append-map cdr (forms-read))))
                           (map (lambda (name) (cons name #f))
                                (cons file (included-files)))))
      (const #f))))                     ; loading it says what is wrong

(define (all-of proc module)
  ;; What PROC gives for all files of MODULE and of those that it uses.
  (append-map proc (map car (module-closure module))))

(define (module-code directory file)
  ;; A thunk that does what the module in FILE says, or #f.
  (let* ((text (%read-file file))
         (path (cache-path directory file text)))
    (or (and path (cached-code path))
        (and (compiling?)
             (compiled-module path file text)))))

;;; A form that is expanded may load a file, too, as in
;;; (eval-when (expand load eval) (load "macros.scm")).

(define (file-of-load? name file)
  ;; Whether NAME is that of FILE, as load gives it, and not a module's.
  (string=? (basename name) (basename file)))

(define (install-module-loader! directory)
  "Have the project's modules compiled, and kept in DIRECTORY if it is not #f."
  (let* ((variable (module-variable the-scm-module 'primitive-load-path))
         (load-path (variable-ref variable)))
    (variable-set!
     variable
     (lambda (name . rest)
       (let* ((file (and (string? name) (project-source name)))
              (code (and file
                         (parameterize ((on-observation #f))
                           (module-code directory file)))))
         (define (load-it)
           (cond
            (code (code))
            (else
             (when file
               (install-here-strings!)
               (note-interpreted! file))
             (apply load-path name rest))))
         (when file
           (note-loaded! (map string->symbol (string-split name #\/))))
         (cond
          ((and (on-observation) file (file-of-load? name file))
           (load-it)
           (for-each note-expanded! (module-files file))
           (for-each (lambda (observation)
                       (apply note-observation! observation))
                     (module-observations file)))
          (else
           ;; What a module looks at is not looked at by the form that uses it;
           ;; but macros may make code of it.
           (parameterize ((on-observation (and (on-observation)
                                               note-loaded-observation!)))
             (load-it)))))))))
