//! The macro for the table of a half.

/// Makes the table of a half, and the methods that call its functions; `else` says what happens while the half is not here.
macro_rules! half {
    ($code:ident, $of:ident; $($name:ident($($argument:ident: $type:ty),*) -> $result:ty, else $absent:expr;)*) => {
        /// The half: each function by its name.
        pub(crate) struct $code {
            $($name: fn(&mut $crate::core::Engine, $($type),*) -> $result,)*
        }

        /// The functions of the table. Only [`crate::parts`] names it, so that the linker keeps the code only where that
        /// module is.
        pub(crate) static ALL: $code = $code {
            $($name: |engine, $($argument),*| engine.$name($($argument),*),)*
        };

        /// The half, or what the engine does in its place.
        pub(in crate::core) struct $of<'a> {
            pub(super) engine: &'a mut $crate::core::Engine,
            pub(super) code: Option<&'static $code>,
        }

        impl $of<'_> {
            $(pub(in crate::core) fn $name(&mut self, $($argument: $type),*) -> $result {
                match self.code {
                    Some(code) => (code.$name)(self.engine, $($argument),*),
                    None => $absent,
                }
            })*
        }
    };
}

pub(super) use half;
